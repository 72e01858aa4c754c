package dev.rekindle.pool;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The arrows of {@code docs/design.md}, Layout, inside the service. */
class LayersTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.rekindle.pool");

  @Test
  void shouldHaveNoCyclesOfPackages() {
    slices().matching("dev.rekindle.pool.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void shouldTouchNoNativeCode() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.rekindle.vmm..")
        .check(CLASSES);
    noClasses().should().dependOnClassesThat().resideInAPackage("java.lang.foreign").check(CLASSES);
  }
}
