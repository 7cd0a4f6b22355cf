package monalive

/** Why this face may be animated, as the user states it; nothing checks it. */
enum class Consent(val value: String) {
    /** It is my own face. */
    SELF("self"),

    /** The person shown has agreed. */
    GIVEN("given"),

    /** A painting, a drawing, a sculpture: nobody's photo. */
    ARTWORK("artwork");

    companion object {
        /** To be shown before the first photo is enrolled. */
        const val NOTICE = "Faces are people: animate your own face, one whose owner has agreed, or a work of art."
    }
}

/**
 * A person to animate, made by [PhotoAnimator.enroll]: everything that can be computed once is in it.
 *
 * @property photo the photo that is animated.
 * @property landmarks 478 x 3 in pixels of [photo].
 * @property crop the square of [photo] that moves.
 * @property consent why this face may be animated, as stated when it was enrolled.
 */
class Portrait internal constructor(
    val photo: RgbImage,
    val landmarks: FloatArray,
    val crop: SquareCrop,
    val consent: Consent,
    internal val inputs: Map<String, FloatArray>,
    internal val regions: List<EnrolledRegion>,
) {
    internal val isBlackAndWhite: Boolean = crop.extract(photo, NETWORK_SIZE).isBlackAndWhite
}
