/** The serial console: an 8250-compatible UART and the tail of what it wrote. */
package dev.rekindle.vmm.serial;
