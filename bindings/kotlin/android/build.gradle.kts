plugins {
    id("com.android.library")
}

android {
    namespace = "monalive.android"
    compileSdk = 36
    defaultConfig {
        minSdk = 29
        consumerProguardFiles("consumer-rules.pro")
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

dependencies {
    api(project(":monalive-core"))
    implementation("com.google.ai.edge.litert:litert:2.3.0")
    implementation("androidx.camera:camera-core:1.6.2")
}
