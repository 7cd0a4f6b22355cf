plugins {
    id("com.android.application") version "9.2.0" apply false
    id("com.android.library") version "9.2.0" apply false
    id("org.jetbrains.kotlin.jvm") version "2.3.21" apply false
}

// The same version as in gradle/wrapper/gradle-wrapper.properties.
tasks.wrapper { gradleVersion = "9.4.1" }
