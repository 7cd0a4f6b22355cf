package monalive

/**
 * Portraits of one photo that follow one driver, whatever the running mode.
 *
 * @throws IllegalArgumentException no portrait, or portraits of several photos.
 */
internal class Following(
    val portraits: List<Portrait>,
    private val networks: BundleNetworks,
    options: RetargetOptions,
    /** What the motion in [videoFrame] is counted from; null: from the first face on. */
    val anchor: DriverAnchor? = null,
) {
    private val photo: RgbImage
    private val players: List<PortraitPlayer>
    private var last: AnimatedFrame? = null
    private var started = false

    init {
        require(portraits.isNotEmpty()) { "there is no portrait to animate" }
        photo = portraits[0].photo
        require(portraits.all { it.photo === photo }) { "portraits animated together must come from one photo: use enrollAll(photo)" }
        players = portraits.map { PortraitPlayer(it, networks, options) }
    }

    /** Takes the driver's reference frame. */
    fun start(landmarks: FloatArray, width: Int, height: Int) {
        players.forEach { it.start(landmarks, width, height) }
        started = true
    }

    /** Counts the motion from another face, of frames of that size; the portraits glide over. */
    fun anchored(to: Anchoring, width: Int, height: Int) {
        if (started) players.forEach { it.restart(to, width, height) } else start(to.landmarks, width, height)
    }

    /**
     * A frame of the driver's video and the face in it; without a face the last frame is held. Motion starts anew where another face
     * than before drives ([otherFace]), and after a cut, which the picture that became another one ([otherPicture]) may be.
     */
    fun videoFrame(
        image: RgbImage, landmarks: FloatArray?, timestampMs: Double, otherPicture: Boolean = false, otherFace: Boolean = false,
    ): AnimatedFrame {
        val anchoring = anchor?.next(landmarks, timestampMs, otherPicture, otherFace)
        if (otherFace && anchor == null) started = false
        if (landmarks == null) return hold(timestampMs)
        if (!started) start(landmarks, image.width, image.height) else anchoring?.let { anchored(it, image.width, image.height) }
        return frame(landmarks, timestampMs, null, anchoring?.afterCut == true)
    }

    /** What a frame of the driver makes of the photo; [cut]: the first one after a cut. */
    fun frame(landmarks: FloatArray, timestampMs: Double, surroundings: FloatArray?, cut: Boolean = false): AnimatedFrame {
        var picture = photo
        val poses = players.map { player ->
            val wanted = player.follow(landmarks, timestampMs)
            picture = player.draw(picture, wanted, player.surroundings(surroundings, timestampMs))
            wanted
        }
        return AnimatedFrame(picture, portraits[0].crop, poses[0], timestampMs, cut = cut).also { last = it }
    }

    /** The last frame again, or the photo where there is none. */
    fun hold(timestampMs: Double): AnimatedFrame {
        val held = last ?: return AnimatedFrame(photo.copy(), portraits[0].crop, players[0].rest, timestampMs, false)
        return AnimatedFrame(held.image, held.crop, held.landmarks, timestampMs, false)
    }
}

/** One portrait following one driver: retargeting, networks and paste-back, frame by frame. */
internal class PortraitPlayer(private val portrait: Portrait, private val networks: BundleNetworks, options: RetargetOptions) {
    val rest: FloatArray = portrait.crop.toUnit(portrait.landmarks)
    private val retargeter = Retargeter(portrait.landmarks, portrait.crop, networks, options)
    private val around = SurroundingsTransfer(networks, options)
    private val pasteBack = PasteBack(portrait.crop, portrait.photo.width, portrait.photo.height)
    private val regions = networks.regions?.let { RegionLayers(portrait, it, pasteBack.columns, pasteBack.rows) }

    fun start(landmarks: FloatArray, width: Int, height: Int) {
        retargeter.start(landmarks, width, height)
        around.start()
    }

    fun restart(to: Anchoring, width: Int, height: Int) = retargeter.restart(to, width, height)

    /** The landmarks that a frame of the driver asks of the portrait. */
    fun follow(landmarks: FloatArray, timestampMs: Double): FloatArray = retargeter.step(landmarks, timestampMs)

    fun surroundings(measured: FloatArray?, timestampMs: Double): FloatArray? = around.step(measured, timestampMs)

    /** [picture], the photo or the photo with other faces already animated, with this face animated. */
    fun draw(picture: RgbImage, landmarks: FloatArray, surroundings: FloatArray?): RgbImage {
        val out = networks.animate(portrait, landmarks, surroundings)
        return pasteBack(picture, out.flow, out.mask, out.painted).also { regions?.draw(it, landmarks) }
    }
}
