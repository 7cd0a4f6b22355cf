import Foundation

/// A driving motion: a face's landmarks, and what moved around it, over time. It holds no pixels of the driver.
public struct Motion: Sendable {
    /// Frames without a cut between them: the first of them, and the face that relative motion is counted from.
    public struct Take: Sendable {
        public let start: Int
        public let reference: [Float]

        public init(start: Int, reference: [Float]) {
            (self.start, self.reference) = (start, reference)
        }
    }

    /// One array per frame: 478 x 3 numbers, pixels of the driver's frames, z in the scale of x.
    public let landmarks: [[Float]]
    /// From 0, increasing.
    public let timestampsMs: [Double]
    /// Size of the driver's frames.
    public let imageWidth: Int, imageHeight: Int
    /// Nominal frames per second.
    public let fps: Double
    /// For people to read.
    public let name: String
    /// The last frame runs into the first, one frame time later.
    public let loop: Bool
    /// One array of 16 x 16 x 3 per frame, or nil where nothing was measured.
    public let surroundings: [[Float]]?
    /// Where relative motion starts anew, and from what it is counted there; the first begins with frame 0.
    public let takes: [Take]
    /// A sound drove the lips: what is made of it should say so.
    public let speech: Bool

    public static let version = 2
    private static let format = "monalive.motion"
    /// Of a take, in which its most neutral frame is looked for.
    private static let firstSecondsMs = 3000.0
    private static let maxFrames = 200_000 // more than two hours; more is a damaged or hostile file

    /// - Throws: `valueError`: a value has another size, is not finite, or is out of range.
    public init(
        landmarks: [[Float]], timestampsMs: [Double], imageWidth: Int, imageHeight: Int, fps: Double, name: String = "",
        loop: Bool = false, surroundings: [[Float]]? = nil, takes: [Take] = [], speech: Bool = false
    ) throws {
        try require(!landmarks.isEmpty, "a motion has at least one frame")
        try landmarks.forEach { try requireLandmarks($0, "motion") }
        try require(
            timestampsMs.count == landmarks.count,
            "a motion of \(landmarks.count) frames needs as many timestamps, got \(timestampsMs.count)"
        )
        let rises = zip(timestampsMs, timestampsMs.dropFirst()).allSatisfy { $0 < $1 }
        try require(
            timestampsMs[0] == 0 && timestampsMs.allSatisfy(\.isFinite) && rises,
            "a motion's timestamps must start at 0 and increase from frame to frame"
        )
        try require(imageWidth >= 1 && imageHeight >= 1, "a motion's image size must be positive, got \(imageWidth) x \(imageHeight)")
        try require(fps.isFinite && fps > 0, "a motion's frame rate must be positive, got \(fps)")
        for frame in surroundings ?? [] {
            try require(frame.count == surroundingsCount, "a motion's surroundings must be 16 x 16 x 3 for every frame")
            try require(frame.allSatisfy(\.isFinite), "a motion's surroundings must be finite")
            let known = stride(from: 2, to: frame.count, by: 3).allSatisfy { (0...1).contains(frame[$0]) }
            try require(known, "how much of a motion's surroundings is known must be from 0 to 1")
        }
        try require((surroundings ?? landmarks).count == landmarks.count, "a motion's surroundings must be there for every frame")
        (self.landmarks, self.timestampsMs, self.imageWidth, self.imageHeight) = (landmarks, timestampsMs, imageWidth, imageHeight)
        (self.fps, self.name, self.loop, self.surroundings, self.speech) = (fps, name, loop, surroundings, speech)
        self.takes = takes.isEmpty ? [Take(start: 0, reference: landmarks[0])] : takes
        let starts = self.takes.map(\.start)
        try require(
            starts[0] == 0 && starts[starts.count - 1] < landmarks.count && zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 },
            "a motion's takes must begin with frame 0 and follow each other within it, got \(starts)"
        )
        try self.takes.forEach { try requireLandmarks($0.reference, "take") }
    }

    /// Number of frames.
    public var count: Int { landmarks.count }

    /// The same motion, counted from another frame: in each take from the most neutral one of its first three seconds, from its first
    /// one, or from the frame of a number for the take it is in (the others from their most neutral one).
    ///
    /// - Throws: `valueError`: there is no such frame, or `recent`, which is for live drivers.
    public func withReference(_ reference: DriverReference) throws -> Motion {
        var asked: Int?
        if case .frame(let number) = reference { asked = number }
        try require(reference != .recent, "a motion is counted from its neutral or first face, or the frame of a number")
        if let asked {
            try require(
                landmarks.indices.contains(asked), "the reference is frame \(asked), but the motion has \(count) frames, counted from 0"
            )
        }
        let counted = takes.indices.map { (number: Int) -> Take in
            let start = takes[number].start, frames = start..<(number + 1 < takes.count ? takes[number + 1].start : count)
            let own = asked.flatMap { frames.contains($0) ? $0 : nil }
            return Take(start: start, reference: landmarks[own ?? (reference == .first ? start : mostNeutral(frames))])
        }
        return try Motion(
            landmarks: landmarks, timestampsMs: timestampsMs, imageWidth: imageWidth, imageHeight: imageHeight, fps: fps, name: name,
            loop: loop, surroundings: surroundings, takes: counted, speech: speech
        )
    }

    private func mostNeutral(_ frames: Range<Int>) -> Int {
        let latest = timestampsMs[frames.lowerBound] + Motion.firstSecondsMs
        return frames.lowerBound + NeutralFace.mostNeutral(frames.filter { timestampsMs[$0] <= latest }.map { NeutralFace.measures(landmarks[$0]) })
    }

    /// From the first frame to the end of the last one.
    public var durationMs: Double { timestampsMs[count - 1] + 1000 / fps }

    /// A motion of evenly spaced frames. Throws as `init`.
    public static func fromLandmarks(
        _ landmarks: [[Float]], imageWidth: Int, imageHeight: Int, fps: Double = 25, name: String = "", loop: Bool = false
    ) throws -> Motion {
        let times = landmarks.indices.map { Double($0) * 1000 / fps }
        return try Motion(
            landmarks: landmarks, timestampsMs: times, imageWidth: imageWidth, imageHeight: imageHeight, fps: fps, name: name, loop: loop
        )
    }

    /// Reads a `.motion` file.
    ///
    /// - Throws: `fileNotFoundError`: there is no such file. `valueError`: it is not a motion, is cut off or damaged, or was
    ///   written by a newer version.
    public static func load(_ path: URL) throws -> Motion {
        guard isFile(path) else { throw MonaliveError.fileNotFoundError("There is no motion file \(path.path).") }
        let manifest: Fields, frames: Int, raw: Data, times: Data
        var around: Data?, starts: [Int] = [], faces: Data?
        do {
            let archive = try ZipMembers(try Data(contentsOf: path))
            manifest = try Fields(json: try archive.readChecked("manifest.json", most: 1 << 20))
            try require(manifest.all["format"] as? String == format, "it is of another format")
            let stated = try manifest.number("version")
            if stated.rounded() != stated || stated > Double(version) {
                throw Newer(
                    message: "\(path.path) has version \(stated) of the .motion format; this monalive reads up to \(version); update monalive"
                )
            }
            let count = try manifest.number("frames")
            try require(count.rounded() == count && (1...Double(maxFrames)).contains(count), "\(count) frames")
            frames = Int(count)
            raw = try exactly(archive, "landmarks.u16", frames * landmarkCount * 6)
            times = try exactly(archive, "timestamps.f64", frames * 8)
            try require(manifest.all["speech"] == nil || manifest.all["speech"] is Bool, "it does not say whether it speaks")
            if manifest.all["surroundings"] as? Bool == true {
                around = try exactly(archive, "surroundings.f16", frames * surroundingsCount * 2)
            }
            if let stated = manifest.all["takes"] {
                let numbers = stated as? [NSNumber] ?? []
                starts = numbers.map(\.intValue)
                let whole = numbers.allSatisfy { $0.doubleValue.rounded() == $0.doubleValue }
                try require(stated is [NSNumber] && whole && starts.count <= frames, "its takes are no frames")
                faces = try exactly(archive, "references.u16", starts.count * landmarkCount * 6)
            }
        } catch let error as Newer {
            throw MonaliveError.valueError(error.message)
        } catch let error as DamagedZip {
            throw MonaliveError.valueError("\(path.path) is not a .motion file, or it is cut off or damaged (\(error.message)).")
        } catch {
            throw MonaliveError.valueError("\(path.path) is a zip archive but not a .motion file (\(error.localizedDescription)).")
        }
        do {
            return try decode(manifest, frames, raw, times, around, starts, faces)
        } catch {
            throw MonaliveError.valueError(
                "\(path.path) is a .motion file with invalid contents (\(error.localizedDescription))."
            )
        }
    }

    private struct Newer: Error {
        let message: String
    }

    private static func exactly(_ archive: ZipMembers, _ name: String, _ size: Int) throws -> Data {
        let content = try archive.readChecked(name, most: size)
        if content.count != size { throw DamagedZip(message: "\(name) has \(content.count) bytes") }
        return content
    }

    private static func decode(
        _ manifest: Fields, _ frames: Int, _ raw: Data, _ times: Data, _ around: Data?, _ starts: [Int], _ faces: Data?
    ) throws -> Motion {
        let offset = try manifest.numbers("offset", 3), step = try manifest.numbers("step", 3)
        let size = try manifest.numbers("image_size", 2)
        var levels = [UInt16](repeating: 0, count: landmarkCount * 3)
        let changes = shorts(raw)
        let landmarks = (0..<frames).map { frame in
            levels.indices.map { i -> Float in
                levels[i] = levels[i] &+ changes[frame * levels.count + i]
                return Float(offset[i % 3] + Double(levels[i]) * step[i % 3])
            }
        }
        let bytes = [UInt8](times)
        let timestamps = (0..<frames).map { (frame: Int) -> Double in
            Double(bitPattern: littleEndian(bytes[(frame * 8)..<(frame * 8 + 8)]))
        }
        let surroundings = around.map { (data: Data) -> [[Float]] in
            let halves = shorts(data)
            return (0..<frames).map { (frame: Int) -> [Float] in
                let first = frame * surroundingsCount
                return halves[first..<(first + surroundingsCount)].map(floatFromHalf)
            }
        }
        let rests = faces.map(shorts) ?? []
        let takes = starts.indices.map { (take: Int) -> Take in
            let reference = levels.indices.map { (i: Int) -> Float in
                Float(offset[i % 3] + Double(rests[take * levels.count + i]) * step[i % 3])
            }
            return Take(start: starts[take], reference: reference)
        }
        try require(size.allSatisfy { $0 >= 1 && $0 < 1e6 }, "the image size is \(size)")
        return try Motion(
            landmarks: landmarks, timestampsMs: timestamps, imageWidth: Int(size[0]), imageHeight: Int(size[1]),
            fps: try manifest.number("fps"), name: try manifest.text("name"), loop: manifest.all["loop"] as? Bool ?? false,
            surroundings: surroundings, takes: takes, speech: manifest.all["speech"] as? Bool ?? false
        )
    }

    private static func shorts(_ data: Data) -> [UInt16] {
        let bytes = [UInt8](data)
        return (0..<(bytes.count / 2)).map { (index: Int) -> UInt16 in UInt16(littleEndian(bytes[(2 * index)..<(2 * index + 2)])) }
    }
}

extension Motion {
    /// Writes a `.motion` file: all of it or nothing. Landmarks are kept to a 65,535th of their range.
    ///
    /// - Throws: the file cannot be written there.
    public func save(_ path: URL) throws {
        let references = takes.map(\.reference), countedFromFirst = references == [landmarks[0]]
        func axis(_ index: Int) -> [Float] {
            (landmarks + references).flatMap { (frame: [Float]) -> [Float] in stride(from: index, to: frame.count, by: 3).map { frame[$0] } }
        }
        let axes = (0..<3).map(axis)
        let low = axes.map { Double($0.min()!) }, high = axes.map { Double($0.max()!) }
        let step = zip(low, high).map { (low: Double, high: Double) -> Double in max(high - low, 1e-6) / 65535 }
        func level(_ frame: [Float]) -> [UInt16] {
            frame.indices.map { (i: Int) -> UInt16 in
                UInt16(((Double(frame[i]) - low[i % 3]) / step[i % 3]).rounded(.toNearestOrEven))
            }
        }
        var levels = Data(), before = [UInt16](repeating: 0, count: landmarkCount * 3)
        for frame in landmarks {
            let now = level(frame)
            for i in now.indices { levels.append(little: now[i] &- before[i]) } // modulo 65536
            before = now
        }
        var times = Data()
        timestampsMs.forEach { times.append(little: $0.bitPattern) }
        var manifest: [String: Any] = [
            "format": "monalive.motion", "version": Motion.version, "name": name, "loop": loop, "fps": fps,
            "image_size": [imageWidth, imageHeight], "frames": count, "landmarks": landmarkCount, "offset": low, "step": step,
            "surroundings": surroundings != nil,
        ]
        if !countedFromFirst { manifest["takes"] = takes.map(\.start) }
        if speech { manifest["speech"] = true }
        var members = [
            ("manifest.json", try JSONSerialization.data(withJSONObject: manifest, options: .sortedKeys)), ("landmarks.u16", levels),
            ("timestamps.f64", times),
        ]
        if let surroundings {
            var halves = Data()
            for frame in surroundings { frame.forEach { halves.append(little: halfFromFloat($0)) } }
            members.append(("surroundings.f16", halves))
        }
        if !countedFromFirst {
            var faces = Data()
            for reference in references { level(reference).forEach { faces.append(little: $0) } }
            members.append(("references.u16", faces))
        }
        try storedZip(members).write(to: path, options: .atomic)
    }
}

/// A zip archive of members that are not packed.
func storedZip(_ members: [(String, Data)]) -> Data {
    var archive = Data(), directory = Data()
    for (name, content) in members {
        var about = Data()
        about.append(little: UInt16(20)) // version needed
        about.append(little: UInt32(0)) // no flags, stored
        about.append(little: UInt32(0x0021_0000)) // midnight, 1 January 1980: the same motion gives the same file
        about.append(little: checksum(content))
        about.append(little: UInt32(content.count))
        about.append(little: UInt32(content.count))
        about.append(little: UInt16(name.utf8.count))
        about.append(little: UInt16(0)) // no extra field
        directory.append(little: UInt32(0x0201_4b50))
        directory.append(little: UInt16(20))
        directory.append(about)
        directory.append(Data(count: 10)) // comment, disk, attributes
        directory.append(little: UInt32(archive.count))
        directory.append(contentsOf: name.utf8)
        archive.append(little: UInt32(0x0403_4b50))
        archive.append(about)
        archive.append(contentsOf: name.utf8)
        archive.append(content)
    }
    let start = archive.count
    archive.append(directory)
    archive.append(little: UInt32(0x0605_4b50))
    archive.append(little: UInt32(0))
    archive.append(little: UInt16(members.count))
    archive.append(little: UInt16(members.count))
    archive.append(little: UInt32(directory.count))
    archive.append(little: UInt32(start))
    archive.append(little: UInt16(0))
    return archive
}

extension Data {
    fileprivate mutating func append<Number: FixedWidthInteger>(little number: Number) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
