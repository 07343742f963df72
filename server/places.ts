/** The built pages and scripts, as a folder: the same from the sources (tests) and from dist/server. */
export const webFolder: URL = new URL(import.meta.url.endsWith('.ts') ? '../dist/web/' : '../web/', import.meta.url);
