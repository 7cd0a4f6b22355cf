/// Why this face may be animated, as the user states it; nothing checks it.
public enum Consent: String, CaseIterable, Sendable {
    /// It is my own face.
    case selfPortrait = "self"
    /// The person shown has agreed.
    case given
    /// A painting, a drawing, a sculpture: nobody's photo.
    case artwork

    /// To be shown before the first photo is enrolled.
    public static let notice = "Faces are people: animate your own face, one whose owner has agreed, or a work of art."
}

/// A person to animate, made by `PhotoAnimator.enroll`: everything that can be computed once is in it.
public final class Portrait {
    /// The photo that is animated.
    public let photo: RgbImage
    /// 478 x 3 in pixels of `photo`.
    public let landmarks: [Float]
    /// The square of `photo` that moves.
    public let crop: SquareCrop
    /// Why this face may be animated, as stated when it was enrolled.
    public let consent: Consent
    let inputs: [String: [Float]]
    let regions: [EnrolledRegion]
    let isBlackAndWhite: Bool

    init(
        photo: RgbImage, landmarks: [Float], crop: SquareCrop, consent: Consent, inputs: [String: [Float]], regions: [EnrolledRegion]
    ) {
        (self.photo, self.landmarks, self.crop, self.consent) = (photo, landmarks, crop, consent)
        (self.inputs, self.regions) = (inputs, regions)
        isBlackAndWhite = crop.extract(photo, size: networkSize).isBlackAndWhite
    }
}
