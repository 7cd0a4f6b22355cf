pluginManagement {
    repositories { google(); mavenCentral(); gradlePluginPortal() }
}
dependencyResolutionManagement {
    repositories { google(); mavenCentral() }
}
rootProject.name = "monalive-sample"
include(":app", ":monalive-core", ":monalive-android")
project(":monalive-core").projectDir = file("../../bindings/kotlin/core")
project(":monalive-android").projectDir = file("../../bindings/kotlin/android")
