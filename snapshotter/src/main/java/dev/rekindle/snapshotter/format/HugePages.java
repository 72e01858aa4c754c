package dev.rekindle.snapshotter.format;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

/** In which pages the memory of a template's sandboxes lies. */
public enum HugePages {
  /** Of 4 KiB, shared and copied on write. */
  @JsonProperty("none")
  NONE,
  /** Of 2 MiB where the kernel has them, copied at the restore, nothing shared. */
  @JsonProperty("transparent")
  TRANSPARENT,
  /** Of 2 MiB, reserved by the operator, shared and copied on write. */
  @JsonProperty("hugetlbfs")
  HUGETLBFS;

  /**
   * @return as recipes and manifests have it
   */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
