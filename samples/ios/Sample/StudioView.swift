import Monalive
import PhotosUI
import SwiftUI

/// One screen: choose a photo, say why this face may be animated, choose a motion or the camera, watch, save, share.
struct StudioView: View {
    @ObservedObject var studio: Studio
    @State private var picked: PhotosPickerItem?
    @State private var waiting: Data?

    var body: some View {
        VStack(spacing: 12) {
            picture
            Text(studio.message).font(.callout).multilineTextAlignment(.center)
            PhotosPicker("Choose a photo", selection: $picked, matching: .images).buttonStyle(.borderedProminent)
            if studio.isEnrolled { controls }
            Toggle("Show the AI badge", isOn: $studio.showsBadge)
        }
        .padding()
        .task(id: picked) { await load() }
        .confirmationDialog(Consent.notice, isPresented: asking, titleVisibility: .visible) {
            Button("It is my own face") { enroll(.selfPortrait) }
            Button("The person shown has agreed") { enroll(.given) }
            Button("It is a work of art") { enroll(.artwork) }
        }
    }

    @ViewBuilder private var picture: some View {
        if let image = studio.shown {
            Image(decorative: image, scale: 1).resizable().scaledToFit()
        } else {
            Image(systemName: "person.crop.square").resizable().scaledToFit().foregroundStyle(.tertiary)
        }
    }

    private var controls: some View {
        VStack(spacing: 12) {
            Menu("Choose a motion") {
                ForEach(studio.motions, id: \.self) { name in
                    Button(name.replacingOccurrences(of: "_", with: " ")) { studio.play(name) }
                }
            }
            Button("Move it with the camera") { studio.followCamera() }
            Button("Save the video") { studio.save() }.disabled(studio.chosenMotion == nil)
            if let video = studio.saved { ShareLink("Share", item: video) }
        }
    }

    private var asking: Binding<Bool> {
        Binding(get: { waiting != nil }, set: { if !$0 { waiting = nil } })
    }

    /// Loads the photo that was picked; the question of consent comes when it is there.
    private func load() async {
        guard let item = picked else { return }
        do {
            waiting = try await item.loadTransferable(type: Data.self)
            if waiting == nil { studio.photoFailed(nil) }
        } catch is CancellationError {
            return // another one was picked
        } catch {
            studio.photoFailed(error)
        }
    }

    private func enroll(_ consent: Consent) {
        if let photo = waiting { studio.enroll(photo, consent) }
        waiting = nil
    }
}
