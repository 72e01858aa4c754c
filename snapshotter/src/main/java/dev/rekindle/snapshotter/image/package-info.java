/**
 * What a guest boots from: kernel and modules from the distribution's package or from files, an
 * initramfs with the agent, a read-only root image. Way in: {@link
 * dev.rekindle.snapshotter.image.ImageBuilder}. Uses tools of the host ({@code apt-get}, {@code
 * dpkg-deb}, {@code gcc}, {@code mkfs.erofs}), never KVM.
 */
package dev.rekindle.snapshotter.image;
