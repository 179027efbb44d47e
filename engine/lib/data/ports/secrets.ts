export interface SecretPort {
  /**
   * The engine's own secret of this name, the same for all processes; `candidate` becomes it if there
   * is none. Databases hold it encrypted.
   */
  ensure(name: string, candidate: string): Promise<string>;
}
