/**
 * What {@code rekindle doctor} looks at. {@link dev.rekindle.cli.doctor.Examination} lists the
 * checks of a host; each is a small value that reads kernel files below a root of its caller's
 * choosing and gives one {@link dev.rekindle.cli.doctor.Finding}. {@link
 * dev.rekindle.cli.doctor.CloneComparison} judges what sandboxes said of themselves. Nothing here
 * starts a process, changes a setting or knows the service's API.
 */
package dev.rekindle.cli.doctor;
