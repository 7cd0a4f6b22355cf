/// Portraits of one photo that follow one driver, whatever the running mode.
final class Following {
    let portraits: [Portrait]
    private let players: [PortraitPlayer]
    private var last: AnimatedFrame?
    private var started = false
    /// What the motion in `videoFrame` is counted from; nil: from the first face on.
    let anchor: DriverAnchor?

    /// - Throws: `valueError`: no portrait, or portraits of several photos.
    init(
        _ portraits: [Portrait], _ networks: BundleNetworks, _ options: RetargetOptions, anchor: DriverAnchor? = nil
    ) throws {
        self.anchor = anchor
        try require(!portraits.isEmpty, "there is no portrait to animate")
        try require(
            portraits.allSatisfy { $0.photo == portraits[0].photo },
            "portraits animated together must come from one photo: use enrollAll(photo)"
        )
        self.portraits = portraits
        players = try portraits.map { try PortraitPlayer($0, networks, options) }
    }

    /// Takes the driver's reference frame.
    func start(_ landmarks: [Float], width: Int, height: Int) throws {
        try players.forEach { try $0.start(landmarks, width: width, height: height) }
        started = true
    }

    /// Counts the motion from another face, of frames of that size; the portraits glide over.
    func anchored(_ to: Anchoring, width: Int, height: Int) throws {
        guard started else { return try start(to.landmarks, width: width, height: height) }
        try players.forEach { try $0.restart(to, width: width, height: height) }
    }

    /// A frame of the driver's video and the face in it; without a face the last frame is held. Motion starts anew where another face
    /// than before drives (`otherFace`), and after a cut, which the picture that became another one (`otherPicture`) may be.
    func videoFrame(
        _ image: RgbImage, _ landmarks: [Float]?, _ timestampMs: Double, otherPicture: Bool = false, otherFace: Bool = false
    ) throws -> AnimatedFrame {
        let anchoring = anchor?.next(landmarks, timestampMs, otherPicture: otherPicture, otherFace: otherFace)
        if otherFace && anchor == nil { started = false }
        guard let landmarks else { return hold(timestampMs) }
        if !started {
            try start(landmarks, width: image.width, height: image.height)
        } else if let anchoring {
            try anchored(anchoring, width: image.width, height: image.height)
        }
        return try frame(landmarks, timestampMs, nil, cut: anchoring?.afterCut == true)
    }

    /// What a frame of the driver makes of the photo; `cut`: the first one after a cut.
    func frame(_ landmarks: [Float], _ timestampMs: Double, _ surroundings: [Float]?, cut: Bool = false) throws -> AnimatedFrame {
        var picture = portraits[0].photo
        let poses = try players.map { player -> [Float] in
            let wanted = try player.follow(landmarks, timestampMs)
            picture = try player.draw(picture, wanted, try player.surroundings(surroundings, timestampMs))
            return wanted
        }
        let result = AnimatedFrame(
            image: picture, crop: portraits[0].crop, landmarks: poses[0], timestampMs: timestampMs, driverFound: true, cut: cut
        )
        last = result
        return result
    }

    /// The last frame again, or the photo where there is none.
    func hold(_ timestampMs: Double) -> AnimatedFrame {
        let image = last?.image ?? portraits[0].photo, landmarks = last?.landmarks ?? players[0].rest
        return AnimatedFrame(
            image: image, crop: portraits[0].crop, landmarks: landmarks, timestampMs: timestampMs, driverFound: false, cut: false
        )
    }
}

/// One portrait following one driver: retargeting, networks and paste-back, frame by frame.
final class PortraitPlayer {
    let rest: [Float]
    private let portrait: Portrait, networks: BundleNetworks
    private let retargeter: Retargeter, pasteBack: PasteBack, regions: RegionLayers?
    private var around: SurroundingsTransfer

    init(_ portrait: Portrait, _ networks: BundleNetworks, _ options: RetargetOptions) throws {
        (self.portrait, self.networks) = (portrait, networks)
        rest = portrait.crop.toUnit(portrait.landmarks)
        retargeter = try Retargeter(portrait.landmarks, portrait.crop, networks.retargeting, options)
        pasteBack = try PasteBack(portrait.crop, imageWidth: portrait.photo.width, imageHeight: portrait.photo.height)
        regions = try networks.regions.map { [pasteBack] in
            try RegionLayers(portrait, $0, columns: pasteBack.columns, rows: pasteBack.rows)
        }
        around = SurroundingsTransfer(networks.retargeting, options)
    }

    func start(_ landmarks: [Float], width: Int, height: Int) throws {
        try retargeter.start(landmarks, driverWidth: width, driverHeight: height)
        around.start()
    }

    func restart(_ to: Anchoring, width: Int, height: Int) throws {
        try retargeter.restart(to, driverWidth: width, driverHeight: height)
    }

    /// The landmarks that a frame of the driver asks of the portrait.
    func follow(_ landmarks: [Float], _ timestampMs: Double) throws -> [Float] { try retargeter.step(landmarks, timestampMs) }

    func surroundings(_ measured: [Float]?, _ timestampMs: Double) throws -> [Float]? { try around.step(measured, timestampMs) }

    /// `picture`, the photo or the photo with other faces already animated, with this face animated.
    func draw(_ picture: RgbImage, _ landmarks: [Float], _ surroundings: [Float]?) throws -> RgbImage {
        let out = try networks.animate(portrait, landmarks, surroundings)
        var frame = try pasteBack(picture, flow: out.flow, mask: out.mask, painted: out.painted)
        try regions?.draw(&frame, landmarks)
        return frame
    }
}
