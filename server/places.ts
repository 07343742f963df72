/** The built pages and scripts, as a folder: the same from the sources (tests) and from dist/server. */
export const webFolder: URL = new URL(import.meta.url.endsWith('.ts') ? '../dist/web/' : '../web/', import.meta.url);

/** The script that converts MovieLens ratings, beside the sources; a folder with nothing but `dist/` has none. */
export const movielensScript: URL = new URL(
  import.meta.url.endsWith('.ts') ? './samples/movielens.R' : '../../server/samples/movielens.R',
  import.meta.url,
);
