/** The Node.js that runs this, by its absolute path: for programs that are to start wt without PATH. */
export const nodeFile = process.execPath;
