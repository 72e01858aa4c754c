package dev.rekindle.vmm;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The arrows of {@code docs/design.md}, Layout, inside the monitor. */
class LayersTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.rekindle.vmm");

  @Test
  void shouldUseTheLinkerInSysAlone() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.rekindle.vmm.sys")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.Linker")
        .check(CLASSES);
  }

  @Test
  void shouldKeepKvmBelowTheMachine() {
    noClasses()
        .that()
        .resideInAnyPackage("..sys..", "..memory..", "..kvm", "..bus", "..serial")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("..machine", "..vcpu", "..boot", "..virtio..")
        .check(CLASSES);
  }

  @Test
  void shouldKeepDevicesAwayFromKvm() {
    noClasses()
        .that()
        .resideInAnyPackage("..virtio..", "..serial", "..bus")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("..vmm.kvm", "..vcpu", "..machine")
        .check(CLASSES);
  }
}
