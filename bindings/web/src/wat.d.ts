/** A WebAssembly text file, assembled by build.mjs: the module's bytes. */
declare module "*.wat" {
  const content: Uint8Array<ArrayBuffer>;
  export default content;
}
