package monalive

/** What the motion of a driver's frames is counted from. After a cut it begins anew. */
sealed interface DriverReference {
    /** The first face, then each more neutral one of the first three seconds. */
    object Neutral : DriverReference

    /** The first face. */
    object First : DriverReference

    /** As [Neutral], and every 15 seconds the most neutral face since. */
    object Recent : DriverReference

    /**
     * The frame of that number, from 0.
     *
     * @throws IllegalArgumentException a number below 0.
     */
    data class Frame(val number: Int) : DriverReference {
        init { require(number >= 0) { "frames are counted from 0: there is no frame $number" } }
    }
}

/** The motion is counted from another face (478 x 3 pixels of the driver's frames) from this frame on; the portrait glides over. */
internal class Anchoring(val landmarks: FloatArray, val glideMs: Double = AFTER_CUT_MS, val afterCut: Boolean = false) {
    companion object {
        const val AFTER_CUT_MS = 500.0
    }
}

/** What a driver is counted from while its frames come one by one. Call [next] with every frame. */
internal class DriverAnchor(private val reference: DriverReference) {
    private val cuts = CutFinder()
    private var number = -1
    @Volatile private var asked = false
    private var faces = mutableListOf<FloatArray>() // that may take over, and what they measure
    private var measures = mutableListOf<DoubleArray>()
    private var used: DoubleArray? = null // measures of the face in use
    private var lookingUntil = 0.0
    private var changedMs = 0.0

    /** Makes the next face the one that the motion is counted from. */
    fun ask() {
        asked = true
    }

    /**
     * What the motion is counted from now; null: as before. The first face of all is always an anchoring. [otherPicture]: the picture
     * became another one all at once, which may be a cut. [otherFace]: another face drives from this frame on; that counts as a cut.
     */
    fun next(landmarks: FloatArray?, timestampMs: Double, otherPicture: Boolean, otherFace: Boolean = false): Anchoring? {
        number++
        val cut = cuts.find(landmarks, timestampMs, otherPicture, otherFace)
        if (landmarks == null) return null
        val settled = asked || (reference as? DriverReference.Frame)?.number == number
        val current = used
        if (current == null || cut || settled) {
            asked = false
            open(landmarks, timestampMs, settled)
            return Anchoring(landmarks, afterCut = cut)
        }
        val looking = timestampMs <= lookingUntil
        if (!looking && reference != DriverReference.Recent) return null
        faces.add(landmarks)
        measures.add(NeutralFace.measures(landmarks))
        return when {
            timestampMs - changedMs < (if (looking) SETTLING_MS else AGAIN_MS) -> null
            looking -> moreNeutral(current, timestampMs)
            else -> recent(current, timestampMs)
        }
    }

    private fun open(landmarks: FloatArray, timestampMs: Double, settled: Boolean) {
        val measured = NeutralFace.measures(landmarks)
        used = measured
        faces = mutableListOf(landmarks)
        measures = mutableListOf(measured)
        val looks = !settled && (reference == DriverReference.Neutral || reference == DriverReference.Recent)
        lookingUntil = timestampMs + if (looks) FIRST_SECONDS_MS else 0.0
        changedMs = timestampMs
    }

    /** In the first seconds. */
    private fun moreNeutral(current: DoubleArray, timestampMs: Double): Anchoring? {
        val best = NeutralFace.mostNeutral(measures)
        val cost = NeutralFace.departures(measures + listOf(current))
        if (cost.last() - cost[best] < CLEARLY) return null
        used = measures[best]
        changedMs = timestampMs
        return Anchoring(faces[best], SETTLING_MS)
    }

    /** Every so often; of those nearly alike the last one, and all are forgotten. */
    private fun recent(current: DoubleArray, timestampMs: Double): Anchoring? {
        val best = faces.size - 1 - NeutralFace.mostNeutral(measures.reversed())
        val cost = NeutralFace.departures(measures + listOf(current))
        val (landmarks, measured) = faces[best] to measures[best]
        faces = mutableListOf()
        measures = mutableListOf()
        changedMs = timestampMs
        if (cost[best] > maxOf(NEUTRAL_ENOUGH, cost.last())) return null
        used = measured
        return Anchoring(landmarks, AGAIN_GLIDE_MS)
    }

    private companion object {
        const val FIRST_SECONDS_MS = 3000.0
        const val AGAIN_MS = 15_000.0
        const val SETTLING_MS = 500.0
        const val AGAIN_GLIDE_MS = 2000.0

        /** A frame of the first seconds takes over if it is so much more neutral than the one in use. */
        const val CLEARLY = 0.5

        /** Later, the most neutral frame takes over slowly if it is neutral enough. */
        const val NEUTRAL_ENOUGH = 1.0
    }
}
