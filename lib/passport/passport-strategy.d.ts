// The package ships no types, and its published ones would force Express' on every user.
declare module 'passport-strategy' {
  export class Strategy {}
}
