import { createServer } from 'node:net';

/** Where a program may listen: on this machine alone, or everywhere; each of both families. One may be bound while the others look free. */
const PLACES = ['127.0.0.1', '0.0.0.0', '::1', '::'] as const;

/** Whether nobody listens on a TCP port here, found out by binding it (bind(2)). A family that the machine has not is passed over. */
export async function isPortFree(port: number): Promise<boolean> {
  for (const host of PLACES) if (!(await canBind(port, host))) return false;
  return true;
}

function canBind(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EINVAL'),
    );
    server.listen({ port, host, exclusive: true, ipv6Only: host === '::' }, () => server.close(() => resolve(true)));
  });
}
