package monalive

/**
 * Portraits of one photo that follow one driver, whatever the running mode.
 *
 * @throws IllegalArgumentException no portrait, or portraits of several photos.
 */
internal class Following(val portraits: List<Portrait>, private val networks: FaceNetworks, options: RetargetOptions) {
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

    /** A frame of the driver's video and the face in it; the first one is the reference. */
    fun videoFrame(image: RgbImage, landmarks: FloatArray, timestampMs: Double): AnimatedFrame {
        if (!started) start(landmarks, image.width, image.height)
        return frame(landmarks, timestampMs, null)
    }

    /** What a frame of the driver makes of the photo. */
    fun frame(landmarks: FloatArray, timestampMs: Double, surroundings: FloatArray?): AnimatedFrame {
        var picture = photo
        var first: Pair<RgbImage, FloatArray>? = null
        for (player in players) {
            val wanted = player.follow(landmarks, timestampMs)
            val (whole, crop) = player.draw(picture, wanted, player.surroundings(surroundings, timestampMs))
            picture = whole
            if (first == null) first = crop to wanted
        }
        val (crop, wanted) = checkNotNull(first)
        return AnimatedFrame(picture, crop, wanted, timestampMs).also { last = it }
    }

    /** The last frame again, or the photo where there is none. */
    fun hold(timestampMs: Double): AnimatedFrame {
        val held = last ?: return AnimatedFrame(photo.copy(), players[0].still(), players[0].rest, timestampMs, false)
        return AnimatedFrame(held.image, held.cropImage, held.landmarks, timestampMs, false)
    }
}

/** One portrait following one driver: retargeting, networks and paste-back, frame by frame. */
internal class PortraitPlayer(private val portrait: Portrait, private val networks: FaceNetworks, options: RetargetOptions) {
    val rest: FloatArray = portrait.crop.toUnit(portrait.landmarks)
    private val retargeter = Retargeter(portrait.landmarks, portrait.crop, networks, options)
    private val around = SurroundingsTransfer(options)
    private val pasteBack = PasteBack(portrait.crop, portrait.photo.width, portrait.photo.height)

    fun start(landmarks: FloatArray, width: Int, height: Int) {
        retargeter.start(landmarks, width, height)
        around.start()
    }

    /** The landmarks that a frame of the driver asks of the portrait. */
    fun follow(landmarks: FloatArray, timestampMs: Double): FloatArray = retargeter.step(landmarks, timestampMs)

    fun surroundings(measured: FloatArray?, timestampMs: Double): FloatArray? = around.step(measured, timestampMs)

    /** The crop of the unmoved photo. */
    fun still(): RgbImage = portrait.crop.extract(portrait.photo, NETWORK_SIZE)

    /** The whole picture and the crop alone. [picture] is the photo, or the photo with other faces already animated. */
    fun draw(picture: RgbImage, landmarks: FloatArray, surroundings: FloatArray?): Pair<RgbImage, RgbImage> {
        val out = networks.animate(portrait, landmarks, surroundings)
        val whole = pasteBack(picture, out.flow, out.mask, out.painted)
        val crop = ByteArray(out.image.size) { (out.image[it] * 255 + 0.5f).toInt().coerceIn(0, 255).toByte() }
        return whole to RgbImage(NETWORK_SIZE, NETWORK_SIZE, crop)
    }
}
