pluginManagement {
    repositories { google(); mavenCentral(); gradlePluginPortal() }
}
dependencyResolutionManagement {
    repositories { google(); mavenCentral() }
}
rootProject.name = "monalive"
include(":monalive-core", ":monalive-android")
project(":monalive-core").projectDir = file("core")
project(":monalive-android").projectDir = file("android")
