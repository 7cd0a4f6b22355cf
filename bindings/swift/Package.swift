// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "Monalive",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [
        .library(name: "Monalive", targets: ["Monalive"]),
        .library(name: "MonaliveApple", targets: ["MonaliveApple"]),
    ],
    targets: [
        // Apple's systems have Compression; elsewhere zlib unpacks.
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "Monalive",
            dependencies: [.target(name: "CZlib", condition: .when(platforms: [.linux]))]
        ),
        .target(name: "MonaliveApple", dependencies: ["Monalive"]),
        .testTarget(name: "MonaliveTests", dependencies: ["Monalive"]),
    ]
)
