/** What the application must be told; see demo.ts for a complete start. */
export interface Settings {
  sessionSecret: string;
  /** Where the engine's API is, and who this application is to it. */
  launchkey: { apiBaseUrl: string; appKey: string; secretKey: string; privateKey: string };
}

/** The token by which the settings are injected. */
export const SETTINGS = Symbol('settings');
