/** The Node.js that runs this, by its absolute path: for programs that are to start wt without PATH. */
export const nodeFile = process.execPath;

/** The word that makes wt tell a person something, in a process of its own. It is nobody's to type. */
export const NOTIFY_FLAG = '--notify';

/** The word that makes wt make spares of the repository it stands in, in a process of its own. It is nobody's to type. */
export const SPARES_FLAG = '--make-spares';
