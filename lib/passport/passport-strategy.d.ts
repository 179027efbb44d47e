// The package ships no types, and the published ones bring the types of Express.
declare module 'passport-strategy' {
  export class Strategy {}
}
