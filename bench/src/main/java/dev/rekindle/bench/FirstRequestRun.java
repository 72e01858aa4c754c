package dev.rekindle.bench;

/**
 * One restore and what its guest did until it had answered.
 *
 * @param totalMicros from the restore's begin to the answer
 * @param restoreMicros of that until the guest ran: memory, state and prefetch
 * @param minorFaults of the vCPUs' threads
 * @param majorFaults of the same
 * @param ownBytes memory that became the guest's own
 */
record FirstRequestRun(
    long totalMicros, long restoreMicros, long minorFaults, long majorFaults, long ownBytes) {}
