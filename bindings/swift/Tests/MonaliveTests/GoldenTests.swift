import Foundation
import XCTest

@testable import Monalive

/// The core against the golden vectors of the Python SDK.
final class GoldenTests: XCTestCase {
    func testCrops() throws {
        let landmarks = Golden.floats(try Golden.fields("faces.json").any("portrait"))
        for value in try Golden.fields("crop.json").list("portrait_crop") {
            let fields = try Fields(value)
            let scale = Float(try fields.number("scale")), shift = Golden.floats(try fields.any("shift")) + [0]
            let size = try fields.numbers("image_size", 2)
            let moved = landmarks.indices.map { landmarks[$0] * scale + shift[$0 % 3] }
            let found = try SquareCrop.forPortrait(moved, imageWidth: Int(size[0]), imageHeight: Int(size[1]))
            let wanted = try Golden.crop(fields)
            near([found.x, found.y, found.side], [wanted.x, wanted.y, wanted.side], 1e-3, "crop")
            near(Array(found.toUnit(moved)[3..<6]), Golden.numbers(try fields.any("unit_of_landmark_1")), 1e-5, "landmark 1")
            near(found.toPixels(found.toUnit(moved)), moved.map(Double.init), 1e-2, "there and back")
        }
    }

    func testExtracts() throws {
        let photo = try Golden.picture("photo.png")
        for value in try Golden.fields("crop.json").list("extract") {
            let fields = try Fields(value), name = try fields.text("picture")
            let found = try Golden.crop(fields).extract(photo, size: Int(try fields.number("size")))
            alike(found, try Golden.picture(name), 45, name)
        }
        XCTAssertEqual(SquareCrop(x: 0, y: 0, side: 288).extract(photo, size: 288), photo)
        XCTAssertFalse(photo.isBlackAndWhite)
        var grey = photo
        for i in grey.rgb.indices { grey.rgb[i] = photo.rgb[i - i % 3] }
        XCTAssertTrue(grey.isBlackAndWhite)
    }

    func testPasteBack() throws {
        for fields in try Golden.cases("paste_back.json") {
            let crop = try Golden.crop(fields), photo = try Golden.picture(try fields.text("photo"))
            let feather = cropFeather(crop, imageWidth: photo.width, imageHeight: photo.height)
            near(Array(feather[(128 * 256)..<(129 * 256)]), Golden.numbers(try fields.any("feather_row_128")), 1e-5, "feather")
            near((0..<256).map { feather[$0 * 256 + 128] }, Golden.numbers(try fields.any("feather_column_128")), 1e-5, "feather")
            let frame = try pasted(fields, photo, crop)
            alike(frame, try Golden.picture(try fields.text("result")), 45, try fields.text("result"))
            for y in 0..<photo.height {
                for x in 0..<photo.width {
                    let (u, v) = (Double(x), Double(y))
                    if u >= crop.x - 1, u <= crop.x + crop.side, v >= crop.y - 1, v <= crop.y + crop.side { continue }
                    let at = (y * photo.width + x) * 3
                    if frame.rgb[at..<(at + 3)] != photo.rgb[at..<(at + 3)] { XCTFail("pixel \(x), \(y) outside the crop is another one") }
                }
            }
        }
    }

    func testFramesFromRecordedNetworks() throws {
        let file = try Golden.fields("frames.json")
        let photo = try Golden.picture(try file.text("photo")), crop = try Golden.crop(file)
        alike(crop.extract(photo, size: 256), try Golden.picture(try file.text("photo_crop")), 45, "the photo's crop")
        for value in try file.list("frames") {
            let frame = try Fields(value), name = try frame.text("image")
            alike(try pasted(frame, photo, crop), try Golden.picture(name), 45, name)
        }
    }

    private func pasted(_ fields: Fields, _ photo: RgbImage, _ crop: SquareCrop) throws -> RgbImage {
        let paste = try PasteBack(crop, imageWidth: photo.width, imageHeight: photo.height)
        return try paste(
            photo, flow: try Golden.flow(fields), mask: try Golden.mask(try fields.text("mask")),
            painted: try Golden.colours(try fields.text("painted"))
        )
    }

    func testBundles() throws {
        for fields in try Golden.cases("bundles.json") {
            var found: ModelBundle?
            try expect(fields, errorOf { found = try ModelBundle.load(Golden.file(try fields.text("file"))) })
            guard let bundle = found else { continue }
            XCTAssertEqual(bundle.modelVersion, try fields.text("model_version"))
            XCTAssertEqual(bundle.sha256, try fields.text("sha256"))
            XCTAssertEqual(bundle.about, try fields.fields("about").all as? [String: String])
            XCTAssertEqual(bundle.parts.mapValues(\.count), try fields.fields("parts").all as? [String: Int])
        }
        XCTAssertEqual(errorOf { _ = try ModelBundle.load(Golden.file("none.bundle")) }.name, "FileNotFoundError")
        let bundle = try ModelBundle.load(Golden.bundle)
        XCTAssertEqual(try bundle.partManifest("animate").inputs.first { $0.name == "target_landmarks" }?.shape, [1, 478, 2])
        XCTAssert(errorOf { _ = try bundle.partManifest("tracker") }.message?.contains("no part 'tracker'") == true)
    }

    func testMotions() throws {
        for fields in try Golden.cases("motions.json") {
            var found: Motion?
            try expect(fields, errorOf { found = try Motion.load(Golden.file(try fields.text("file"))) })
            guard let motion = found else { continue }
            XCTAssertEqual(motion.name, try fields.text("name"))
            XCTAssertEqual(motion.loop, fields.all["loop"] as? Bool)
            XCTAssertEqual(motion.speech, fields.all["speech"] as? Bool)
            XCTAssertEqual(motion.fps, try fields.number("fps"))
            XCTAssertEqual([motion.imageWidth, motion.imageHeight], try fields.numbers("image_size", 2).map { Int($0) })
            near(motion.timestampsMs, Golden.numbers(try fields.any("timestamps_ms")), 0, "times")
            XCTAssertEqual(motion.durationMs, try fields.number("duration_ms"))
            for index in [159, 477] {
                let some = motion.landmarks.flatMap { $0[(index * 3)..<(index * 3 + 3)] }
                near(some, Golden.numbers(try fields.any("landmark_\(index)")), 1e-3, "landmark \(index)")
            }
            XCTAssertEqual(motion.takes.map(\.start), Golden.numbers(try fields.any("take_starts")).map { Int($0) })
            let rests = motion.takes.flatMap { $0.reference[(159 * 3)..<(160 * 3)] }
            near(rests, Golden.numbers(try fields.any("reference_landmark_159")), 1e-3, "references")
            let cell = (5 * 16 + 7) * 3
            if let wanted = fields.all["surroundings_row_5_column_7"], !(wanted is NSNull) {
                near(motion.surroundings!.flatMap { $0[cell..<(cell + 3)] }, Golden.numbers(wanted), 1e-6, "surroundings")
            } else {
                XCTAssertNil(motion.surroundings)
            }
        }
        XCTAssertEqual(errorOf { _ = try Motion.load(Golden.file("none.motion")) }.name, "FileNotFoundError")
    }

    func testMotionRoundTrip() throws {
        let whole = try Motion.load(Golden.file("surroundings.motion"))
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).motion")
        try whole.save(copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        let read = try Motion.load(copy)
        XCTAssertEqual(read.name, whole.name)
        XCTAssertEqual(read.loop, whole.loop)
        XCTAssertEqual(read.timestampsMs, whole.timestampsMs)
        XCTAssertEqual(read.surroundings, whole.surroundings)
        for (found, wanted) in zip(read.landmarks, whole.landmarks) { near(found, wanted.map(Double.init), 0.01, "landmarks") }
    }

    func testWhatSpeaksSaysSoInTheFile() throws {
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).motion")
        try Motion.load(Golden.file("speech.motion")).withReference(.first).save(copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        XCTAssert(try Motion.load(copy).speech)
    }

    func testTakesAreKeptInTheFile() throws {
        let whole = try Motion.load(Golden.file("takes.motion"))
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).motion")
        try whole.save(copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        let read = try Motion.load(copy)
        XCTAssertEqual(read.takes.map(\.start), [0, 2])
        for (found, wanted) in zip(read.takes, whole.takes) {
            near(found.reference, wanted.reference.map(Double.init), 0.01, "references")
        }
    }

    func testDriverAnchors() throws {
        let faces = try Golden.fields("faces.json"), file = try Golden.fields("driver_anchor.json")
        let portraits = try ["portrait", "three_quarter_portrait"].map { Golden.floats(try faces.any($0)) }
        let known = portraits + (try faces.list("driver").map(Golden.floats)), measures = known.map(NeutralFace.measures)
        for (found, wanted) in zip(measures, try file.list("measures")) { near(found, Golden.numbers(wanted), 1e-3, "measures") }
        near(NeutralFace.departures(measures), Golden.numbers(try file.any("departed")), 1e-2, "departures")
        let references: [String: DriverReference] = ["neutral": .neutral, "first": .first, "recent": .recent]
        let frames = try file.list("frames").map(Golden.numbers) // face, shift, grey level, 1 where the user asks
        for value in try file.list("sequences") {
            let fields = try Fields(value), given = try fields.any("reference")
            let reference = (given as? String).flatMap { references[$0] } ?? .frame((given as! NSNumber).intValue)
            let anchor = DriverAnchor(reference)
            var change = PictureChange()
            var made: [[Double]] = []
            for (number, frame) in frames.enumerated() {
                if frame[3] == 1 { anchor.ask() }
                let face = frame[0] < 0 ? nil : known[Int(frame[0])].enumerated().map { (at: Int, value: Float) -> Float in
                    at % 3 == 0 ? value + Float(frame[1]) : value
                }
                let picture = try RgbImage(width: 32, height: 24, rgb: [UInt8](repeating: UInt8(frame[2]), count: 32 * 24 * 3))
                if let anchoring = anchor.next(face, Double(number) * 100, otherPicture: change.becomesAnother(picture)) {
                    made.append([Double(number), Double(anchoring.landmarks[3]), anchoring.glideMs, anchoring.afterCut ? 1 : 0])
                }
            }
            let wanted = try fields.list("anchored").map(Golden.numbers)
            XCTAssertEqual(made.count, wanted.count, "\(given)")
            for (one, other) in zip(made, wanted) { near(one, other, 0.01, "\(given)") }
        }
        try requireCountedAnew(try file.fields("motion"), known, references)
    }

    /// A motion counted from other frames.
    private func requireCountedAnew(_ file: Fields, _ known: [[Float]], _ references: [String: DriverReference]) throws {
        let frames = try file.list("frames").map(Golden.numbers).map { (frame: [Double]) -> [Float] in
            known[Int(frame[0])].enumerated().map { (at: Int, value: Float) -> Float in at % 3 == 0 ? value + Float(frame[1]) : value }
        }
        let starts = [0, Int(try file.number("second_take"))]
        let motion = try Motion(
            landmarks: frames, timestampsMs: frames.indices.map { Double($0) * 100 }, imageWidth: 640, imageHeight: 480, fps: 10,
            takes: starts.map { Motion.Take(start: $0, reference: frames[$0]) }
        )
        for value in try file.list("cases") {
            let fields = try Fields(value), given = try fields.any("reference")
            let reference = (given as? String).flatMap { references[$0] } ?? .frame((given as! NSNumber).intValue)
            let made = try motion.withReference(reference).takes, wanted = try fields.list("takes").map(Golden.numbers)
            near(made.flatMap { [Double($0.start), Double($0.reference[3])] }, wanted.flatMap { $0 }, 0.01, "\(given)")
        }
        for other in [DriverReference.recent, .frame(frames.count), .frame(-1)] {
            XCTAssertEqual(errorOf { _ = try motion.withReference(other) }.name, "ValueError", "\(other)")
        }
    }

    private func expect(_ fields: Fields, _ found: (name: String?, message: String?)) throws {
        let file = try fields.text("file")
        XCTAssertEqual(found.name, fields.all["error"] as? String, "\(file): \(found.message ?? "")")
        if let says = fields.all["says"] as? String {
            XCTAssert(found.message?.contains(says) == true, "\(file): \"\(found.message ?? "")\" does not say \"\(says)\"")
        }
    }

    func testBadge() throws {
        let plain = try RgbImage(width: 320, height: 240, rgb: [UInt8](repeating: 200, count: 320 * 240 * 3))
        let badged = try Badge(width: 320, height: 240).apply(plain)
        let changed = (0..<(320 * 240)).filter { badged.rgb[$0 * 3] != 200 }
        XCTAssert(changed.allSatisfy { $0 % 320 > 270 && $0 / 320 > 200 }, "it stays in the lower right corner")
        XCTAssert(changed.filter { badged.rgb[$0 * 3] < 100 }.count > 100 && changed.filter { badged.rgb[$0 * 3] > 205 }.count > 15)
        let small = try RgbImage(width: 12, height: 12, rgb: [UInt8](repeating: 0, count: 432))
        XCTAssertEqual(try Badge(width: 12, height: 12).apply(small), small)
    }

    func testPixelMark() throws {
        for entry in try Golden.cases("pixel_mark.json") {
            let said = try entry.fields("message"), times = Int(try entry.number("repeated"))
            let message = try MarkMessage(fileId: Int(try said.number("file_id"))), picture = Int(try said.number("picture"))
            XCTAssertEqual(message.codeWord(picture: picture).map { $0 > 0 ? "+" : "-" }.joined(), try entry.text("code_word"))
            let small = try Golden.picture("photo.png"), side = small.width * times
            var rgb = [UInt8](repeating: 0, count: side * side * 3)
            for i in rgb.indices { rgb[i] = small.rgb[((i / 3 / side / times) * small.width + i / 3 % side / times) * 3 + i % 3] }
            let photo = try RgbImage(width: side, height: side, rgb: rgb)
            let square = try Golden.crop(entry)
            XCTAssertEqual(pictureBits(photo, square), picture)
            var mark = PixelMark(message: message, width: side, height: side, regions: [square])
            let marked = try mark.apply(photo)
            let rows = Golden.numbers(try entry.any("rows")), changes = Golden.numbers(try entry.any("change_of_green"))
            var off: [Double] = []
            for (index, row) in rows.enumerated() {
                for x in 0..<side {
                    let i = (Int(row) * side + x) * 3 + 1
                    off.append(abs(Double(marked.rgb[i]) - Double(photo.rgb[i]) - changes[index * side + x]))
                }
            }
            let name = try entry.text("name")
            XCTAssert(off.max()! <= 1 && off.reduce(0, +) / Double(off.count) < 0.02, name)
        }
        XCTAssert((0..<(1 << 16)).contains(MarkMessage.random().fileId))
        XCTAssertEqual(errorOf { _ = try MarkMessage(fileId: 1 << 16) }.name, "ValueError")
    }

    func testBadInput() throws {
        let zero = [Float](repeating: .nan, count: landmarkCount * 3)
        let calls: [(String, () throws -> Void)] = [
            ("an empty picture", { _ = try RgbImage(width: 0, height: 3, rgb: []) }),
            ("too few bytes", { _ = try RgbImage(width: 2, height: 2, rgb: [1]) }),
            ("no number", { _ = try SquareCrop.forPortrait(zero, imageWidth: 9, imageHeight: 9) }),
            ("a gain", { _ = try RetargetOptions(gains: [.lips: 3.5]) }),
            ("a crop elsewhere", { _ = try PasteBack(SquareCrop(x: 500, y: 0, side: 20), imageWidth: 99, imageHeight: 99) }),
            ("no frames", { _ = try Motion(landmarks: [], timestampsMs: [], imageWidth: 1, imageHeight: 1, fps: 25) }),
            ("a package that leads out", { try unpackFolder(Data("no zip".utf8), to: Golden.folder) }),
        ]
        for (what, call) in calls { XCTAssertEqual(errorOf(call).name, "ValueError", what) }
    }

    func testSha256() {
        for (text, wanted) in [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (String(repeating: "a", count: 119), "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"),
        ] { XCTAssertEqual(sha256(Data(text.utf8)), wanted) }
    }
}
