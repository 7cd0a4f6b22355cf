plugins {
    id("com.android.application")
}

android {
    namespace = "monalive.sample"
    compileSdk = 36
    defaultConfig {
        applicationId = "monalive.sample"
        minSdk = 29
        targetSdk = 36
        versionCode = 1
        versionName = "1.0"
    }
    androidResources { noCompress += "bundle" }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

dependencies {
    implementation(project(":monalive-android"))
    implementation("androidx.activity:activity-ktx:1.11.0")
    implementation("androidx.camera:camera-camera2:1.6.2")
    implementation("androidx.camera:camera-lifecycle:1.6.2")
}

// The models and motions are not in the repository: samples/python/export_for_phone.py writes them.
tasks.named("preBuild") {
    doFirst {
        check(file("src/main/assets/default.bundle").exists()) { "default.bundle is missing: run `python samples/python/export_for_phone.py samples/android/app/src/main/assets`" }
    }
}
