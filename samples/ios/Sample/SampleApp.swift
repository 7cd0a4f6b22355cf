import SwiftUI

@main
struct SampleApp: App {
    @StateObject private var studio = Studio()

    var body: some Scene {
        WindowGroup { StudioView(studio: studio) }
    }
}
