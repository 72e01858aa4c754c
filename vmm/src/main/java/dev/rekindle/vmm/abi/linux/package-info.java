/** Constants and structs of the general Linux system calls; nothing here depends on anything. */
package dev.rekindle.vmm.abi.linux;
