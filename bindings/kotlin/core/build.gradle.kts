plugins {
    id("org.jetbrains.kotlin.jvm")
}

kotlin { jvmToolchain(17) }

// The tests on the golden vectors; they need a Python that has the SDK: PYTHON=path/to/python.
val golden = tasks.register<JavaExec>("golden") {
    classpath = sourceSets.test.get().runtimeClasspath
    mainClass = "monalive.GoldenTestKt"
    args("../../..", providers.environmentVariable("PYTHON").getOrElse("python3"))
}
tasks.check { dependsOn(golden) }
