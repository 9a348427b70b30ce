/** The typed client of clients/typescript, loaded when the kit is used: images are built without it. */
import type { SignedIn } from './kit.js';

interface ClientModule {
  readonly RoostClient: new (options: { url: string; tokens: unknown }) => unknown;
  readonly memoryTokens: (tokens?: SignedIn) => unknown;
}

export type ClientMaker = (url: string, tokens?: SignedIn) => unknown;

const PACKAGE = 'roost-client' as string;

export async function loadClient(): Promise<ClientMaker> {
  const loaded = await load();
  return (url, tokens) => {
    if (!loaded) throw new Error(`The package ${PACKAGE} is not built: run npm run build.`);
    return new loaded.RoostClient({ url, tokens: loaded.memoryTokens(tokens) });
  };
}

async function load(): Promise<ClientModule | undefined> {
  try {
    return (await import(PACKAGE)) as ClientModule;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
