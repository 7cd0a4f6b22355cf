plugins {
    id("org.jetbrains.kotlin.jvm")
}

kotlin { jvmToolchain(17) }

// The mean face and its expressions are the SDK's own file: no copy of it.
val assets = layout.projectDirectory.dir("../../../sdk/monalive/assets")
tasks.processResources {
    from(assets) { include("expressions.npz") }
}

// The tests on the golden vectors; they need a Python that has the SDK: PYTHON=path/to/python.
val golden = tasks.register<JavaExec>("golden") {
    classpath = sourceSets.test.get().runtimeClasspath
    mainClass = "monalive.GoldenTestKt"
    args("../../..", providers.environmentVariable("PYTHON").getOrElse("python3"))
}
tasks.check { dependsOn(golden) }
