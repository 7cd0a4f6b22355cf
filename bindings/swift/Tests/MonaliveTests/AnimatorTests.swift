import Foundation
import XCTest

@testable import Monalive

/// The animator with the shipped networks, run by Python (see `PythonNetworks`): retargeting, running modes, whole frames.
final class AnimatorTests: XCTestCase {
    private var networks: PythonNetworks!
    private var faces: Fields!
    private var driver: [[Float]] = [], times: [Double] = []

    override func setUpWithError() throws {
        try XCTSkipIf(PythonNetworks.shared == nil, "set MONALIVE_PYTHON to a Python that has the SDK")
        networks = PythonNetworks.shared
        faces = try Golden.fields("faces.json")
        driver = try faces.list("driver").map(Golden.floats)
        times = Golden.numbers(try faces.any("driver_timestamps_ms"))
    }

    func testRetarget() throws {
        let file = try Golden.fields("retarget.json")
        let kept = Golden.numbers(try file.any("kept_landmarks")).map { Int($0) }
        let graphs = try RetargetNetworks(ModelBundle.load(Golden.bundle), networks)
        for value in try file.list("cases") {
            let fields = try Fields(value), name = try fields.text("name")
            let options = try options(try fields.fields("options").all)
            let portrait = Golden.floats(try faces.any(try fields.text("portrait")))
            let retargeter = try Retargeter(portrait, try Golden.crop(fields), graphs, options)
            XCTAssertEqual(errorOf { _ = try retargeter.step(driver[0], 0) }.name, "RuntimeError", "step() before start()")
            try retargeter.start(driver[0], driverWidth: 512, driverHeight: 512)
            for (index, wanted) in try fields.list("landmarks").enumerated() {
                let found = try retargeter.step(driver[index], times[index])
                let some = kept.flatMap { found[($0 * 3)..<($0 * 3 + 3)] }
                near(some, Golden.numbers(wanted), 1e-4, "\(name), frame \(index)")
            }
            if options.smooth { XCTAssertEqual(errorOf { _ = try retargeter.step(driver[0], times.last!) }.name, "ValueError", name) }
        }
    }

    func testAnotherReferenceTakesOverWithoutAJump() throws {
        let graphs = try RetargetNetworks(ModelBundle.load(Golden.bundle), networks)
        let portrait = Golden.floats(try faces.any("portrait")), square = SquareCrop(x: 0, y: 0, side: 288)
        let rest = square.toUnit(portrait).map(Double.init), options = try RetargetOptions(smooth: false, gains: [:])
        func retargeter() throws -> Retargeter {
            let made = try Retargeter(portrait, square, graphs, options)
            try made.start(driver[4], driverWidth: 512, driverHeight: 512)
            return made
        }
        let before = try retargeter().step(driver[0], 0).map(Double.init)
        for afterCut in [false, true] {
            let one = try retargeter(), to = Anchoring(landmarks: driver[0], glideMs: 400, afterCut: afterCut)
            var made: [[Float]] = []
            for frame in 0..<20 {
                if frame == 2 { try one.restart(to, driverWidth: 512, driverHeight: 512) }
                made.append(try one.step(driver[frame < 2 ? 4 : 0], Double(frame) * 40))
            }
            near(made[2], afterCut ? rest : before, 1e-5, "as it begins, after a cut: \(afterCut)")
            near(made[19], rest, 1e-5, "at its end, after a cut: \(afterCut)")
        }
        let unused = try Retargeter(portrait, square, graphs, options)
        let early = errorOf { try unused.restart(Anchoring(landmarks: self.driver[0]), driverWidth: 512, driverHeight: 512) }
        XCTAssertEqual(early.name, "RuntimeError")
    }

    func testImageMode() throws {
        let kept = Golden.numbers(try Golden.fields("retarget.json").any("kept_landmarks")).map { Int($0) }
        let graphs = try RetargetNetworks(ModelBundle.load(Golden.bundle), networks)
        func some(_ points: [Float]) -> [Float] { kept.flatMap { points[($0 * 3)..<($0 * 3 + 3)] } }
        for fields in try Golden.cases("image_mode.json") {
            let landmarks = Golden.floats(try fields.any("landmarks")), scores = Golden.floats(try fields.any("blendshapes"))
            let (reference, moved) = try graphs.asMeanFace(Face(landmarks: landmarks, blendshapes: scores))
            near(some(reference), Golden.numbers(try fields.any("reference")), 1e-3, "reference")
            near(some(moved), Golden.numbers(try fields.any("moved")), 1e-3, "moved")
        }
    }

    func testBackgroundFlow() throws {
        let file = try Golden.fields("background_flow.json"), graphs = try RetargetNetworks(ModelBundle.load(Golden.bundle), networks)
        let measured = try file.list("measured").map(Golden.floats), times = Golden.numbers(try file.any("timestamps_ms"))
        func steps(_ options: RetargetOptions) throws -> [[Float]?] {
            var around = SurroundingsTransfer(graphs, options)
            return try zip(measured, times).map { try around.step($0, $1) }
        }
        for (frame, wanted) in try zip(steps(RetargetOptions(absolute: true, gains: [:])), file.list("smoothed")) {
            near(try XCTUnwrap(frame), Golden.numbers(wanted), 1e-5, "smoothed")
        }
        XCTAssertEqual(try steps(RetargetOptions(absolute: true, smooth: false, gains: [:])), measured)
        for still in [RetargetOptions.standard, try RetargetOptions(absolute: true, gains: [.pose: 0])] {
            XCTAssert(try steps(still).allSatisfy { $0 == nil })
        }
    }

    func testWhatNoPoseCanBeFittedToIsRefused() throws {
        let graphs = try RetargetNetworks(ModelBundle.load(Golden.bundle), networks)
        let point = [Float](repeating: 20, count: landmarkCount * 3), scores = [Float](repeating: 0, count: Blendshapes.names.count)
        let retargeter = try Retargeter(driver[0], SquareCrop(x: 0, y: 0, side: 512), graphs, .standard)
        XCTAssert(errorOf { try retargeter.start(point, driverWidth: 512, driverHeight: 512) }.message?.contains("no pose") == true)
        try retargeter.start(driver[0], driverWidth: 512, driverHeight: 512)
        XCTAssert(errorOf { _ = try retargeter.step(point, 0) }.message?.contains("no pose") == true)
        _ = try retargeter.step(driver[1], 0)
        let face = try Face(landmarks: point, blendshapes: scores), faceWithoutScores = try Face(landmarks: driver[0])
        XCTAssert(errorOf { _ = try graphs.asMeanFace(face) }.message?.contains("no pose") == true)
        XCTAssert(errorOf { _ = try graphs.asMeanFace(faceWithoutScores) }.message?.contains("no 52 blendshapes") == true)
    }

    private func options(_ given: [String: Any]) throws -> RetargetOptions {
        let regions = (given["regions"] as? [String])?.compactMap(Region.init(rawValue:))
        var gains: [Region: Double] = [:]
        for (name, gain) in given["gains"] as? [String: Any] ?? [:] { gains[Region(rawValue: name)!] = (gain as? NSNumber)?.doubleValue }
        return try RetargetOptions(
            absolute: given["absolute"] as? Bool ?? false, smooth: given["smooth"] as? Bool ?? true,
            regions: regions.map(Set.init) ?? Set(Region.allCases), gains: gains
        )
    }

    private func animator(_ mode: RunningMode, _ sight: Sight, _ callback: ResultCallback? = nil) throws -> PhotoAnimator {
        let given = callback ?? (mode == .liveStream ? { _, _ in } : nil)
        let options = try PhotoAnimatorOptions(
            bundlePath: Golden.bundle, runtime: networks, trackers: sight, runningMode: mode, resultCallback: given
        )
        return try PhotoAnimator.createFromOptions(options)
    }

    func testWholeFrames() throws {
        let file = try Golden.fields("frames.json")
        let animator = try animator(.video, try Sight())
        let portrait = try animator.enroll(try Golden.picture(try file.text("photo")), consent: .artwork)
        let motion = try Motion(landmarks: driver, timestampsMs: times, imageWidth: 512, imageHeight: 512, fps: 25)
        let played = try animator.play(portrait, motion).map { try $0.get() }
        XCTAssertEqual(played.count, driver.count)
        for value in try file.list("frames") {
            let frame = try Fields(value), found = played[Int(try frame.number("index"))]
            near(inPlane(found.landmarks), Golden.numbers(try frame.any("target_landmarks")), 1e-4, "target landmarks")
            alike(found.cropImage, try Golden.picture(try frame.text("crop_image")), 40, try frame.text("crop_image"))
        }
        try animator.close()
    }

    func testRunningModes() throws {
        let noFace = try RgbImage(width: 64, height: 48, rgb: [UInt8](repeating: 90, count: 64 * 48 * 3))
        for fields in try Golden.cases("running_modes.json") {
            let mode = RunningMode(rawValue: try fields.text("running_mode"))!, sight = try Sight()
            if let wanted = fields.all["options_error"] as? String {
                let callback: ResultCallback? = fields.all["has_callback"] as? Bool == true ? { _, _ in } : nil
                let made = errorOf {
                    _ = try PhotoAnimatorOptions(
                        bundlePath: Golden.bundle, runtime: networks, trackers: sight, runningMode: mode, resultCallback: callback
                    )
                }
                XCTAssertEqual(made.name, wanted)
                continue
            }
            let animator = try animator(mode, sight)
            let portrait = try animator.enroll(try Golden.picture("photo.png"), consent: .artwork)
            sight.driver = nil
            for value in try fields.list("calls") {
                let call = try Fields(value), stated = call.all["timestamp_ms"]
                let time = stated as? String == "nan" ? .nan : (stated as? NSNumber)?.doubleValue ?? 0
                let found = errorOf {
                    switch try call.text("method") {
                    case "animate": _ = try animator.animate(portrait, driverImage: noFace)
                    case "animate_for_video": _ = try animator.animateForVideo(portrait, frame: noFace, timestampMs: time)
                    case "animate_async": try animator.animateAsync(portrait, frame: noFace, timestampMs: time)
                    case "reset": animator.reset()
                    default: try animator.close()
                    }
                }
                XCTAssertEqual(found.name, call.all["error"] as? String, "\(mode) \(call.all): \(found.message ?? "")")
            }
            try animator.close()
        }
    }

    func testLiveStreamLeavesOutFrames() throws {
        let lock = NSLock(), first = DispatchSemaphore(value: 0), go = DispatchSemaphore(value: 0), second = DispatchSemaphore(value: 0)
        var arrived: [Double] = []
        let animator = try animator(.liveStream, try Sight()) { _, time in
            lock.lock()
            arrived.append(time)
            let count = arrived.count
            lock.unlock()
            if count == 1 {
                first.signal()
                _ = go.wait(timeout: .now() + 20)
            } else {
                second.signal()
            }
        }
        let portrait = try animator.enroll(try Golden.picture("photo.png"), consent: .given)
        let frame = try RgbImage(width: 512, height: 512, rgb: [UInt8](repeating: 0, count: 512 * 512 * 3))
        try animator.animateAsync(portrait, frame: frame, timestampMs: 0)
        XCTAssertEqual(first.wait(timeout: .now() + 20), .success)
        for time in [40.0, 80, 120] { try animator.animateAsync(portrait, frame: frame, timestampMs: time) } // only the newest waits
        go.signal()
        XCTAssertEqual(second.wait(timeout: .now() + 20), .success)
        try animator.close()
        XCTAssertEqual(arrived, [0, 120])
    }

    func testPeopleAndHolding() throws {
        let sight = try Sight(alsoShiftedBy: 12)
        let animator = try animator(.video, sight)
        let photo = try Golden.picture("photo.png")
        let people = try animator.enrollAll(photo, consent: .artwork)
        XCTAssertEqual(people.count, 2)
        XCTAssertLessThan(people[0].landmarks[0], people[1].landmarks[0])
        XCTAssertEqual(errorOf { _ = try animator.enroll(photo, consent: .artwork, face: .fromLeft(2)) }.name, "ValueError")
        sight.driver = nil
        let before = try animator.animateForVideo(people, frame: photo, timestampMs: 0)
        XCTAssertFalse(before.driverFound)
        XCTAssertEqual(before.image, photo)
        sight.driver = driver[0]
        _ = try animator.animateForVideo(people, frame: photo, timestampMs: 40)
        sight.driver = driver[1]
        let moved = try animator.animateForVideo(people, frame: photo, timestampMs: 80)
        XCTAssertNotEqual(moved.image, photo)
        sight.driver = nil
        let held = try animator.animateForVideo(people, frame: photo, timestampMs: 120)
        XCTAssertFalse(held.driverFound)
        XCTAssertEqual(held.image, moved.image)
        XCTAssertFalse(before.cut || moved.cut || held.cut)
        let white = try RgbImage(width: 512, height: 512, rgb: [UInt8](repeating: 255, count: 512 * 512 * 3))
        let black = RgbImage(black: 512, 512)
        sight.driver = driver[0].enumerated().map { (at: Int, value: Float) -> Float in at % 3 == 0 ? value + 90 : value }
        let cuts = try [(160.0, black), (200, white), (240, white)].map { try animator.animateForVideo(people, frame: $1, timestampMs: $0).cut }
        XCTAssertEqual(cuts.filter { $0 }.count, 1)
        let takes = [0, 2].map { Motion.Take(start: $0, reference: driver[$0]) }
        let motion = try Motion(landmarks: driver, timestampsMs: times, imageWidth: 512, imageHeight: 512, fps: 25, takes: takes)
        let played = try animator.play(people, motion).map { try $0.get().cut }
        XCTAssertEqual(played, driver.indices.map { $0 == 2 })
        try animator.close()
    }
}
