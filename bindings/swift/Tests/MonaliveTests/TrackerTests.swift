import Foundation
import XCTest

@testable import Monalive

/// The bundle's tracker: step by step on given answers, and as a whole on the bundle's networks.
final class TrackerTests: XCTestCase {
    /// Of landmarks, in pixels: crops differ by single levels (OpenCV samples in steps of 1/32 pixel), which the int8 networks enlarge.
    private static let tracked = 0.5
    private var wanted: Fields!, faces: Fields!
    private var photo: RgbImage!

    override func setUpWithError() throws {
        (wanted, faces) = (try Golden.fields("tracker.json"), try Golden.fields("faces.json"))
        photo = try Golden.picture("photo.png")
    }

    func testLevelCrops() throws {
        for value in try wanted.list("crops") {
            let fields = try Fields(value), name = try fields.text("picture")
            let border = try fields.text("border") == "black" ? Border.black : .repeated
            let size = Int(try fields.number("size"))
            let made = LevelCrop.extract(photo, try square(try fields.any("region")), size: size, border: border)
            alike(made, try Golden.picture(name), 45, name)
        }
    }

    func testDetections() throws {
        for value in try wanted.list("detections") {
            let fields = try Fields(value), size = try fields.numbers("picture_size", 2).map { Int($0) }
            let detector = try detector([try fields.list("answers")])
            let region = fields.all["region"] is NSNull ? nil : try square(try fields.any("region"))
            requireFound(try detector.detect(RgbImage(black: size[0], size[1]), in: region), try fields.list("found"))
        }
    }

    func testAnyWayUp() throws {
        for value in try wanted.list("any_way_up") {
            let fields = try Fields(value), size = try fields.numbers("picture_size", 2).map { Int($0) }
            let detector = try detector(try fields.list("answers").map { $0 as! [Any] })
            requireFound(try detector.detectAnyWayUp(RgbImage(black: size[0], size[1])), try fields.list("found"))
        }
    }

    func testCloserLooks() throws {
        for value in try wanted.list("closer_looks") {
            let fields = try Fields(value), size = try fields.numbers("picture_size", 2).map { Int($0) }
            let whole = wholeLooks(size[0], size[1], turns: quarterTurns), halves = tileLooks(size[0], size[1], parts: 2, turns: quarterTurns)
            let made = [whole, halves, tileLooks(size[0], size[1], parts: 4, turns: [3])], looks = try fields.list("looks").map { $0 as! [Any] }
            XCTAssertEqual(made.map(\.count), looks.map(\.count))
            near(made.joined().flatMap(numbers), try looks.joined().flatMap { numbers(try square($0)) }, 1e-3, "regions")
        }
    }

    func testScoreAndPresenceSufficeTogether() throws {
        for value in try wanted.list("sure") {
            let values = value as! [Any], score = values[0] as! Double, presence = values[1] as! Double
            let sure = StillSearch.isSure(score: Float(score), presence: Float(presence), unsettled: values[2] as! Double)
            XCTAssertEqual(sure, values[3] as! Bool, "\(score), \(presence)")
        }
    }

    /// What is found, and that the networks are asked as often and as the SDK asks them.
    func testSearches() throws {
        let file = Golden.root.appendingPathComponent(try wanted.fields("bundle").text("file")), bundle = try ModelBundle.load(file)
        let face = Golden.floats(try faces.any("portrait")), unit = LevelCrop.region(face).fromPicture(face)
        for (index, value) in try wanted.list("searches").enumerated() {
            let fields = try Fields(value), call = try fields.text("call"), size = try fields.numbers("picture_size", 2).map { Int($0) }
            let answers = Answers(try fields.list("answers").map { ($0 as! [Any]).map(Golden.numbers) })
            let readings = Presences(unit, Golden.numbers(try fields.any("presences")))
            let tracker = LevelFaceTracker(
                LevelFaceDetector(try PictureNetwork(bundle, "tracker_detector", answers)),
                try PictureNetwork(bundle, "tracker_landmarks", readings), nil, maxFaces: 8, driverFace: .auto
            )
            let level = UInt8(try fields.number("level"))
            let picture = try RgbImage(width: size[0], height: size[1], rgb: [UInt8](repeating: level, count: size[0] * size[1] * 3))
            let known = try fields.list("known").map(square).map { Reading(landmarks: $0.toPicture(unit), presence: 1, readIn: $0) }
            let found: [[Float]]
            if call == "all" || call == "largest" {
                found = try tracker.detect(picture, largestOnly: call == "largest").map(\.landmarks)
            } else {
                found = try tracker.search(picture, thorough: call == "thorough", known: known).map(\.landmarks)
            }
            XCTAssert(answers.calls.isEmpty && readings.presences.isEmpty, "search \(index)")
            let expected = try fields.list("found").map(square)
            near(found.map(LevelCrop.region).flatMap(numbers), expected.flatMap(numbers), 0.01, "search \(index)")
        }
    }

    func testWhoDrives() throws {
        let driven = try Golden.fields("driver.json"), size = try driven.numbers("picture_size", 2).map { Int($0) }
        let points = Golden.floats(try faces.any(try driven.text("landmarks")))
        for value in try driven.list("cases") {
            let fields = try Fields(value), name = try fields.text("name"), rule = DriverRule(driverFace(try fields.any("which")))
            for value in try fields.list("frames") {
                let frame = try Fields(value), time = try frame.number("time_ms")
                let shown = try frame.list("faces").map { faceAt(points, Golden.numbers($0)) }
                let found = rule.drive(shown, timeMs: time, width: size[0], height: size[1])
                XCTAssertEqual(found, frame.all["driver"] as? Int, "\(name), at \(time) ms")
            }
        }
    }

    private func driverFace(_ which: Any) -> DriverFace {
        switch which as? String {
        case "auto": return .auto
        case "largest": return .largest
        case "moving": return .moving
        default: return .fromLeft(which as! Int)
        }
    }

    /// The landmarks of a face in a frame: its centre, how much larger, and how much further its height is stretched.
    private func faceAt(_ points: [Float], _ face: [Double]) -> [Float] {
        var centre = [0.0, 0.0, 0.0]
        for (i, value) in points.enumerated() { centre[i % 3] += Double(value) * 3 / Double(points.count) }
        return points.enumerated().map { i, value in
            let times = i % 3 == 1 ? face[2] * (1 + face[3]) : face[2]
            return Float((Double(value) - centre[i % 3]) * times + [face[0], face[1], 0][i % 3])
        }
    }

    func testRegions() throws {
        for value in try wanted.list("regions") {
            let fields = try Fields(value), turned = try fields.number("turned"), (c, s) = (cos(turned), sin(turned))
            var points = Golden.floats(try faces.any(try fields.text("landmarks")))
            for i in stride(from: 0, to: points.count, by: 3) {
                let x = Double(points[i]), y = Double(points[i + 1])
                (points[i], points[i + 1]) = (Float(c * x - s * y), Float(s * x + c * y))
            }
            near(numbers(LevelCrop.region(points)), numbers(try square(try fields.any("region"))), 1e-3, "turned by \(turned)")
        }
    }

    func testPointsGoBackAndForth() throws {
        let points = try wanted.fields("points"), region = try square(try points.any("region"))
        let unit = Golden.floats(try points.any("unit")), picture = region.toPicture(unit)
        near(picture, Golden.numbers(try points.any("picture")), 1e-3, "in the picture")
        near(region.fromPicture(picture), unit.map(Double.init), 1e-5, "in the region")
    }

    func testStills() throws {
        let tracker = try tracker(maxFaces: 8)
        for value in try wanted.list("stills") {
            let scene = try Fields(value)
            try requireFaces(try tracker.detect(picture(scene)).sorted { $0.box.left < $1.box.left }, try scene.list("faces"))
        }
    }

    func testVideo() throws {
        let tracker = try tracker(maxFaces: 1)
        for (frame, value) in try wanted.list("video").enumerated() {
            let scene = try Fields(value)
            let found = try tracker.track(picture(scene), timestampMs: Double(frame) * 40)
            try requireFaces([found].compactMap { $0 }, try scene.list("faces"))
        }
    }

    func testAnAnimatorTakesTheBundlesTracker() throws {
        guard let networks = PythonNetworks.shared else { throw XCTSkip("set MONALIVE_PYTHON to a Python that has the SDK") }
        let animator = try PhotoAnimator.createFromOptions(PhotoAnimatorOptions(bundlePath: Golden.bundle, runtime: networks))
        let portrait = try animator.enroll(photo, consent: .artwork)
        let faces = try Fields(try wanted.list("stills")[0]).list("faces")
        let kept = Golden.numbers(try wanted.any("kept_landmarks")).map { Int($0) }
        let some = kept.flatMap { portrait.landmarks[($0 * 3)..<($0 * 3 + 3)] }
        near(some, Golden.numbers(try Fields(faces[0]).any("landmarks")), TrackerTests.tracked, "enrolled")
        XCTAssert(try animator.animate(portrait, driverImage: photo).driverFound)
        try animator.close()
    }

    func testABundleThatLacksNetworksAndTinyPicturesAreRefused() throws {
        struct Nothing: NetworkRuntime {
            func load(_ content: Data, part: PartManifest) throws -> Network { throw MonaliveError.runtimeError("not to be loaded") }
        }
        let bundle = try ModelBundle.load(Golden.file("good.bundle"))
        let error = errorOf { _ = try BundleTrackers(bundle: bundle, runtime: Nothing()).create(maxFaces: 1, blendshapes: false) }
        XCTAssertEqual(error.name, "ValueError")
        XCTAssert(error.message?.contains("no part 'tracker_detector'") == true)
        let graphs = errorOf { _ = try RetargetNetworks(bundle, Nothing()) }
        XCTAssert(graphs.name == "ValueError" && graphs.message?.contains("no part 'retarget_start'") == true)
        let tracker = try tracker(maxFaces: 1)
        XCTAssertEqual(errorOf { _ = try tracker.detect(RgbImage(black: 15, 40)) }.name, "ValueError")
    }

    private func tracker(maxFaces: Int) throws -> FaceTracker {
        let file = Golden.root.appendingPathComponent(try wanted.fields("bundle").text("file"))
        guard let networks = PythonNetworks.shared else { throw XCTSkip("set MONALIVE_PYTHON to a Python that has the SDK") }
        return try BundleTrackers(bundle: ModelBundle.load(file), runtime: networks.of(file)).create(maxFaces: maxFaces, blendshapes: true)
    }

    private func square(_ value: Any) throws -> RotatedSquare {
        let fields = try Fields(value)
        return RotatedSquare(
            x: try fields.number("x"), y: try fields.number("y"), side: try fields.number("side"), angle: try fields.number("angle")
        )
    }

    private func numbers(_ square: RotatedSquare) -> [Double] { [square.x, square.y, square.side, square.angle] }

    /// Copies of the photo on grey, clipped.
    private func picture(_ scene: Fields) throws -> RgbImage {
        let size = try scene.numbers("size", 2).map { Int($0) }
        var picture = try RgbImage(width: size[0], height: size[1], rgb: [UInt8](repeating: 128, count: size[0] * size[1] * 3))
        for place in try scene.list("photos").map(Golden.numbers) {
            let (x, y) = (Int(place[0]), Int(place[1])), own = photo!
            let columns = max(x, 0)..<min(x + own.width, size[0]), count = columns.count * 3
            for row in max(y, 0)..<min(y + own.height, size[1]) {
                let from = ((row - y) * own.width + columns.lowerBound - x) * 3, to = (row * size[0] + columns.lowerBound) * 3
                picture.rgb.replaceSubrange(to..<(to + count), with: own.rgb[from..<(from + count)])
            }
        }
        return picture
    }

    private func requireFound(_ found: [FoundFace], _ expected: [Any]) {
        XCTAssertEqual(found.count, expected.count)
        for (face, value) in zip(found, expected) {
            guard let fields = try? Fields(value), let score = try? fields.number("score"), let region = try? square(fields.any("region"))
            else { return XCTFail("a golden face is not readable") }
            near(numbers(face.region) + [Double(face.score)], numbers(region) + [score], 1e-3, "region and score")
        }
    }

    private func requireFaces(_ found: [Face], _ expected: [Any]) throws {
        let kept = Golden.numbers(try wanted.any("kept_landmarks")).map { Int($0) }
        XCTAssertEqual(found.count, expected.count)
        for (face, value) in zip(found, expected) {
            let some = kept.flatMap { face.landmarks[($0 * 3)..<($0 * 3 + 3)] }
            let fields = try Fields(value)
            near(some, Golden.numbers(try fields.any("landmarks")), TrackerTests.tracked, "landmarks")
            guard let scores = fields.all["blendshapes"], !(scores is NSNull) else { continue }
            near(try XCTUnwrap(face.blendshapes), Golden.numbers(scores), 0.05, "blendshapes")
        }
    }

    /// A detector whose network gives each of a list of answers in turn.
    private func detector(_ calls: [[Any]]) throws -> LevelFaceDetector {
        let file = Golden.root.appendingPathComponent(try wanted.fields("bundle").text("file"))
        let runtime = Answers(calls.map { $0.map(Golden.numbers) })
        return LevelFaceDetector(try PictureNetwork(ModelBundle.load(file), "tracker_detector", runtime))
    }

    /// Reads the same face wherever it looks, with each presence in turn.
    private final class Presences: NetworkRuntime, Network {
        private let landmarks: [Float]
        private(set) var presences: [Double]

        init(_ landmarks: [Float], _ presences: [Double]) { (self.landmarks, self.presences) = (landmarks, presences) }

        func load(_ content: Data, part: PartManifest) -> Network { self }

        func run(_ inputs: [String: [Float]]) -> [String: [Float]] {
            ["landmarks": landmarks, "presence": [Float(presences.removeFirst())]]
        }
    }

    private final class Answers: NetworkRuntime, Network {
        private(set) var calls: [[[Double]]]

        init(_ calls: [[[Double]]]) { self.calls = calls }

        func load(_ content: Data, part: PartManifest) -> Network { self }

        func run(_ inputs: [String: [Float]]) -> [String: [Float]] {
            let grid = 16
            var scores = [Float](repeating: 0, count: grid * grid), places = [Float](repeating: 0, count: grid * grid * 5)
            for answer in calls.removeFirst() {
                let at = Int(answer[0]) * grid + Int(answer[1])
                scores[at] = Float(answer[2])
                for i in 0..<5 { places[at * 5 + i] = Float(answer[3 + i]) }
            }
            return ["scores": scores, "places": places]
        }
    }
}
