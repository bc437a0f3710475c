/** Unit tests that put a module in the place of another (`vi.mock`), which must not reach the next file. */
export const ALONE = ['test/unit/io/**/*.test.ts', 'test/unit/provider/**/*.test.ts'];
