/** The part of @lhncbc/ucum-lhc that is used; it brings no types. */
declare module "@lhncbc/ucum-lhc" {
  export interface UcumLhcUtils {
    /** `toVal` is null where the units do not fit. `molecularWeight` in g/mol. */
    convertUnitTo(
      from: string,
      value: number,
      to: string,
      options: { readonly molecularWeight: number | null },
    ): { readonly toVal: number | null };
  }
  const library: { readonly UcumLhcUtils: { getInstance(): UcumLhcUtils } };
  export default library;
}
