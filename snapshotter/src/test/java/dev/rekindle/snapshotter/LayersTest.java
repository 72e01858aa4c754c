package dev.rekindle.snapshotter;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The arrows of {@code docs/design.md}, Layout, inside this module. */
class LayersTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.rekindle.snapshotter");

  @Test
  void shouldHaveNoCyclesOfPackages() {
    slices().matching("dev.rekindle.snapshotter.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void shouldKeepTheProtocolFreeOfTheMonitor() {
    noClasses()
        .that()
        .resideInAPackage("..host.protocol")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.rekindle.vmm..", "..restore", "..agent", "..format")
        .check(CLASSES);
  }

  @Test
  void shouldKeepTemplatesAwayFromTheHostProcess() {
    noClasses()
        .that()
        .resideInAnyPackage("..host", "..host.protocol", "..restore", "..agent", "..format")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("..template", "..image")
        .check(CLASSES);
  }
}
