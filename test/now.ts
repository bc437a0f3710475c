/** The day of tests that plan: before every `until` of the checked-in stacks, so that they do not change with the calendar. */
export const NOW = new Date('2026-06-01T12:00:00Z');
