/// A region of the face with a place of its own, in the order in which `region_crops` gives them. A right eye is drawn as a left
/// one: its crop is mirrored, landmarks included.
enum FaceRegion: String, CaseIterable {
    case leftEye = "left_eye"
    case rightEye = "right_eye"
    case mouth
}

/// Where a region lies: the `place` of its crop in the photo, and 478 x 2 landmarks in crop pixels.
struct LocatedRegion {
    let place: RegionPlace, landmarks: [Float]
}

/// An eye or the mouth of a photo: the `place` of its crop, and the inputs of its animate network that stay the same for every
/// frame.
struct EnrolledRegion {
    let place: RegionPlace, inputs: [String: [Float]]
}

/// What a region's network computes for a frame, each over the region's crop of `width` x `height`: `flow` in crop pixels, x then y
/// (position in the photo's crop minus position in the frame's crop), `mask` in [0, 1], 1 taking the photo's own moved pixels,
/// `painted` RGB in about [0, 1].
struct RegionFrame {
    let width: Int, height: Int
    let flow: [Float], mask: [Float]
    var painted: [Float]
}

/// The networks of eyes and mouth of a bundle that has them. Not to be called from two threads at once.
final class RegionNetworks {
    private let crops: NamedNetwork, eye: Drawing, mouth: Drawing

    private static let cropsPart = "region_crops"
    private static let parts = [cropsPart] + ["eye", "mouth"].flatMap { ["enroll_\($0)", "animate_\($0)"] }

    /// Those of a bundle; nil where it has none, as bundles of earlier versions.
    ///
    /// - Throws: `valueError`: it has some of them and lacks others.
    static func of(_ bundle: ModelBundle, _ runtime: NetworkRuntime) throws -> RegionNetworks? {
        let missing = parts.filter { bundle.parts[$0] == nil }
        if missing.count == parts.count { return nil }
        let named = missing.map { "'\($0)'" }.joined(separator: ", ")
        try require(missing.isEmpty, "the bundle has networks of eyes and mouth but no part \(named); use a complete bundle")
        return try RegionNetworks(bundle, runtime)
    }

    private init(_ bundle: ModelBundle, _ runtime: NetworkRuntime) throws {
        crops = try NamedNetwork(bundle, RegionNetworks.cropsPart, runtime)
        eye = try Drawing("eye", bundle, runtime)
        mouth = try Drawing("mouth", bundle, runtime)
    }

    /// Each `FaceRegion` of a face with these landmarks, 478 x 3 in units of `crop`.
    ///
    /// - Throws: `valueError`: no pose can be fitted to the landmarks.
    func locate(_ landmarks: [Float], _ crop: SquareCrop) throws -> [LocatedRegion] {
        let made = try crops(["face_landmarks": landmarks])
        let places = try crops.output(made, "places")
        try requirePose(places)
        return try FaceRegion.allCases.enumerated().map { (index, region) in
            let place = RegionPlace.inPixels(places[(index * 6)..<(index * 6 + 6)], crop)
            return LocatedRegion(place: place, landmarks: try crops.output(made, "\(region.rawValue)_landmarks"))
        }
    }

    /// What of each `FaceRegion` depends on the photo alone. Throws as `locate`.
    func enroll(_ photo: RgbImage, _ landmarks: [Float], _ crop: SquareCrop) throws -> [EnrolledRegion] {
        try zip(FaceRegion.allCases, locate(crop.toUnit(landmarks), crop)).map { try drawing($0).enroll(photo, $1) }
    }

    /// One frame of one region, whose `landmarks` (478 x 2) are wanted in pixels of the frame's crop.
    func animate(_ region: FaceRegion, _ enrolled: EnrolledRegion, _ landmarks: [Float]) throws -> RegionFrame {
        try drawing(region).animate(enrolled, landmarks)
    }

    private func drawing(_ region: FaceRegion) -> Drawing { region == .mouth ? mouth : eye }
}

/// The two networks that draw one kind of region.
private struct Drawing {
    private let kind: String, enrollNetwork: NamedNetwork, animateNetwork: NamedNetwork
    private let width: Int, height: Int

    init(_ kind: String, _ bundle: ModelBundle, _ runtime: NetworkRuntime) throws {
        self.kind = kind
        enrollNetwork = try NamedNetwork(bundle, "enroll_\(kind)", runtime)
        animateNetwork = try NamedNetwork(bundle, "animate_\(kind)", runtime)
        let shape = enrollNetwork.manifest.inputs.first { $0.name == "\(kind)_photo" }?.shape ?? []
        try require(shape.count == 4, "the bundle's part 'enroll_\(kind)' takes no '\(kind)_photo'")
        (width, height) = (shape[2], shape[1])
    }

    func enroll(_ photo: RgbImage, _ located: LocatedRegion) throws -> EnrolledRegion {
        let picture = extractRegion(photo, located.place, width: width, height: height)
        let inputs = ["\(kind)_photo": picture.rgb.map { Float($0) / 255 }, "\(kind)_source_landmarks": located.landmarks]
        return EnrolledRegion(place: located.place, inputs: try inputs.merging(enrollNetwork(inputs)) { $1 })
    }

    func animate(_ enrolled: EnrolledRegion, _ landmarks: [Float]) throws -> RegionFrame {
        let out = try animateNetwork(enrolled.inputs.merging(["\(kind)_target_landmarks": landmarks]) { $1 })
        func output(_ name: String) throws -> [Float] { try animateNetwork.output(out, "\(kind)_\(name)") }
        return RegionFrame(
            width: width, height: height, flow: try output("flow"), mask: try output("mask"), painted: try output("painted")
        )
    }
}
