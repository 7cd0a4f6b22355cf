;; The pixel loops of pasting back, four channels at a time: `draw` runs for every pixel of the portrait's crop in every frame,
;; `paste` then for every pixel of an eye or the mouth. The photo has one more
;; column and row than the frame before its first ones, two behind its last ones; `photo` is the address of its first pixel.
;;
;; For `draw`, motion and paint are rows of cells of four float32: (shift x, shift y, share of paint, 0) and (red, green, blue, 255).
;; An entry says how one row or column of pixels is made of cells: 40 bytes,
;;   i32 first of two cells, f32 share of the second, i32 x 4 cells, f32 x 4 their weights; cells as byte offsets.
(module
  (memory (export "memory") 1)
  ;; Less paint than this changes no pixel by half a level.
  (global $least_paint f32 (f32.const 0.00196))

  ;; The most that (x, y, share) can be: the last place of a picture, and 1.
  (func $limit_of (param $width i32) (param $height i32) (result v128)
    (f32x4.replace_lane 1 (f32x4.replace_lane 0 (v128.const f32x4 0 0 1 0)
      (f32.convert_i32_s (i32.sub (local.get $width) (i32.const 1)))) (f32.convert_i32_s (i32.sub (local.get $height) (i32.const 1)))))

  ;; (x, y, share) from 0 to the limit; 0 where it is no number.
  (func $within (param $value v128) (param $limit v128) (result v128)
    (f32x4.pmin (local.get $limit) (f32x4.pmax (v128.const f32x4 0 0 0 0) (local.get $value))))

  ;; So far from one value to another as `share` says.
  (func $mix (param $from v128) (param $to v128) (param $share v128) (result v128)
    (f32x4.add (local.get $from) (f32x4.mul (local.get $share) (f32x4.sub (local.get $to) (local.get $from)))))

  ;; Keys' cubic with a = -0.75: the weights of four neighbours in a row, the place `share` of the way from the second to the third.
  (func $cubic (param $share v128) (result v128)
    (f32x4.add (v128.const f32x4 0 1 0 0) (f32x4.mul (local.get $share)
      (f32x4.add (v128.const f32x4 -0.75 0 0.75 0) (f32x4.mul (local.get $share)
        (f32x4.add (v128.const f32x4 1.5 -2.25 1.5 -0.75) (f32x4.mul (local.get $share)
          (v128.const f32x4 -0.75 1.25 -1.25 0.75))))))))

  ;; Four pixels in a row, times weights in 2048ths: of the first two and of the last two, each four times.
  (func $row (param $pixels i32) (param $first v128) (param $last v128) (result v128)
    (local $pairs v128)
    (local.set $pairs (i8x16.shuffle 0 4 1 5 2 6 3 7 8 12 9 13 10 14 11 15
      (v128.load (local.get $pixels)) (v128.const i32x4 0 0 0 0)))
    (f32x4.convert_i32x4_s (i32x4.add
      (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_u (local.get $pairs)) (local.get $first))
      (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_u (local.get $pairs)) (local.get $last)))))

  ;; The photo's colour at a place (x, y) within it, from the 4 x 4 pixels around; four levels as f32, in [0, 255].
  (func $read (param $photo i32) (param $stride i32) (param $place v128) (result v128)
    (local $whole v128) (local $across v128) (local $last v128) (local $down v128) (local $pixels i32) (local $colour v128)
    (local.set $whole (i32x4.trunc_sat_f32x4_s (local.get $place)))
    (local.set $place (f32x4.sub (local.get $place) (f32x4.convert_i32x4_s (local.get $whole))))
    (local.set $across (call $cubic (i8x16.shuffle 0 1 2 3 0 1 2 3 0 1 2 3 0 1 2 3 (local.get $place) (local.get $place))))
    (local.set $down (call $cubic (i8x16.shuffle 4 5 6 7 4 5 6 7 4 5 6 7 4 5 6 7 (local.get $place) (local.get $place))))
    (local.set $across (i32x4.trunc_sat_f32x4_s (f32x4.nearest (f32x4.mul (local.get $across) (v128.const f32x4 2048 2048 2048 2048)))))
    (local.set $across (i16x8.narrow_i32x4_s (local.get $across) (local.get $across)))
    (local.set $last (i8x16.shuffle 4 5 6 7 4 5 6 7 4 5 6 7 4 5 6 7 (local.get $across) (local.get $across)))
    (local.set $across (i8x16.shuffle 0 1 2 3 0 1 2 3 0 1 2 3 0 1 2 3 (local.get $across) (local.get $across)))
    ;; From the pixel above and to the left on.
    (local.set $pixels (i32.add (local.get $photo) (i32.add
      (i32.mul (i32.sub (i32x4.extract_lane 1 (local.get $whole)) (i32.const 1)) (local.get $stride))
      (i32.shl (i32.sub (i32x4.extract_lane 0 (local.get $whole)) (i32.const 1)) (i32.const 2)))))
    (local.set $colour (f32x4.mul (call $row (local.get $pixels) (local.get $across) (local.get $last))
      (i8x16.shuffle 0 1 2 3 0 1 2 3 0 1 2 3 0 1 2 3 (local.get $down) (local.get $down))))
    (local.set $pixels (i32.add (local.get $pixels) (local.get $stride)))
    (local.set $colour (f32x4.add (local.get $colour) (f32x4.mul (call $row (local.get $pixels) (local.get $across) (local.get $last))
      (i8x16.shuffle 4 5 6 7 4 5 6 7 4 5 6 7 4 5 6 7 (local.get $down) (local.get $down)))))
    (local.set $pixels (i32.add (local.get $pixels) (local.get $stride)))
    (local.set $colour (f32x4.add (local.get $colour) (f32x4.mul (call $row (local.get $pixels) (local.get $across) (local.get $last))
      (i8x16.shuffle 8 9 10 11 8 9 10 11 8 9 10 11 8 9 10 11 (local.get $down) (local.get $down)))))
    (local.set $pixels (i32.add (local.get $pixels) (local.get $stride)))
    (local.set $colour (f32x4.add (local.get $colour) (f32x4.mul (call $row (local.get $pixels) (local.get $across) (local.get $last))
      (i8x16.shuffle 12 13 14 15 12 13 14 15 12 13 14 15 12 13 14 15 (local.get $down) (local.get $down)))))
    (f32x4.pmin (v128.const f32x4 255 255 255 255) (f32x4.pmax (v128.const f32x4 0 0 0 0)
      (f32x4.mul (local.get $colour) (v128.const f32x4 0x1p-11 0x1p-11 0x1p-11 0x1p-11)))))

  ;; Writes a pixel: four levels in [0, 255], rounded.
  (func $put (param $out i32) (param $colour v128)
    (local.set $colour (v128.and (v128.const i32x4 255 255 255 255)
      (f32x4.add (v128.const f32x4 0x1p23 0x1p23 0x1p23 0x1p23) (local.get $colour))))
    (local.set $colour (i16x8.narrow_i32x4_s (local.get $colour) (local.get $colour)))
    (v128.store32_lane 0 (local.get $out) (i8x16.narrow_i16x8_u (local.get $colour) (local.get $colour))))

  ;; One row of pixels of the motion, still as narrow as the motion; the largest share of paint in it.
  (func $mix_motion (param $entry i32) (param $motion i32) (param $row_bytes i32) (param $out i32) (result f32)
    (local $above i32) (local $end i32) (local $share v128) (local $value v128) (local $most v128)
    (local.set $above (i32.add (local.get $motion) (i32.load (local.get $entry))))
    (local.set $end (i32.add (local.get $above) (local.get $row_bytes)))
    (local.set $share (v128.load32_splat offset=4 (local.get $entry)))
    (loop $cell
      (local.set $value (v128.load (local.get $above)))
      (local.set $value (call $mix (local.get $value) (v128.load (i32.add (local.get $above) (local.get $row_bytes))) (local.get $share)))
      (v128.store (local.get $out) (local.get $value))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $value)))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $above (i32.add (local.get $above) (i32.const 16)))
      (br_if $cell (i32.lt_u (local.get $above) (local.get $end))))
    (f32x4.extract_lane 2 (local.get $most)))

  ;; Four cells, each `offset` bytes from `base`, times the entry's weights.
  (func $weighted (param $entry i32) (param $base i32) (result v128)
    (f32x4.add
      (f32x4.add
        (f32x4.mul (v128.load (i32.add (local.get $base) (i32.load offset=8 (local.get $entry)))) (v128.load32_splat offset=24 (local.get $entry)))
        (f32x4.mul (v128.load (i32.add (local.get $base) (i32.load offset=12 (local.get $entry)))) (v128.load32_splat offset=28 (local.get $entry))))
      (f32x4.add
        (f32x4.mul (v128.load (i32.add (local.get $base) (i32.load offset=16 (local.get $entry)))) (v128.load32_splat offset=32 (local.get $entry)))
        (f32x4.mul (v128.load (i32.add (local.get $base) (i32.load offset=20 (local.get $entry)))) (v128.load32_splat offset=36 (local.get $entry))))))

  ;; One row of pixels of the paint, still as narrow as the paint.
  (func $mix_paint (param $entry i32) (param $paint i32) (param $row_bytes i32) (param $out i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $paint) (local.get $row_bytes)))
    (loop $cell
      (v128.store (local.get $out) (call $weighted (local.get $entry) (local.get $paint)))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $paint (i32.add (local.get $paint) (i32.const 16)))
      (br_if $cell (i32.lt_u (local.get $paint) (local.get $end)))))

  ;; Draws the pixels from (x0, y0) to before (x1, y1) of the photo.
  (func (export "draw")
    (param $photo i32) (param $frame i32) (param $width i32) (param $height i32)
    (param $motion i32) (param $paint i32) (param $row_bytes i32) (param $motion_row i32) (param $paint_row i32)
    (param $columns i32) (param $rows i32) (param $x0 i32) (param $y0 i32) (param $x1 i32) (param $y1 i32)
    (local $stride i32) (local $x i32) (local $column i32) (local $out i32) (local $painting i32) (local $share f32)
    (local $cell i32) (local $value v128) (local $position v128) (local $limit v128) (local $colour v128) (local $painted v128)
    (local.set $stride (i32.shl (i32.add (local.get $width) (i32.const 3)) (i32.const 2)))
    (local.set $limit (call $limit_of (local.get $width) (local.get $height)))
    (block $done (loop $row
      (br_if $done (i32.ge_s (local.get $y0) (local.get $y1)))
      (local.set $painting (f32.gt
        (call $mix_motion (local.get $rows) (local.get $motion) (local.get $row_bytes) (local.get $motion_row)) (global.get $least_paint)))
      (if (local.get $painting)
        (then (call $mix_paint (local.get $rows) (local.get $paint) (local.get $row_bytes) (local.get $paint_row))))
      (local.set $x (local.get $x0))
      (local.set $column (local.get $columns))
      (local.set $position (f32x4.replace_lane 1 (f32x4.replace_lane 0 (v128.const f32x4 0 0 0 0)
        (f32.convert_i32_s (local.get $x))) (f32.convert_i32_s (local.get $y0))))
      (local.set $out (i32.add (local.get $frame) (i32.shl (i32.add (i32.mul (local.get $y0) (local.get $width)) (local.get $x)) (i32.const 2))))
      (loop $pixel
        ;; Where the pixel comes from, within the photo.
        (local.set $cell (i32.add (local.get $motion_row) (i32.load (local.get $column))))
        (local.set $value (v128.load (local.get $cell)))
        (local.set $value (call $mix (local.get $value) (v128.load offset=16 (local.get $cell)) (v128.load32_splat offset=4 (local.get $column))))
        (local.set $value (call $within (f32x4.add (local.get $value) (local.get $position)) (local.get $limit)))
        (local.set $colour (call $read (local.get $photo) (local.get $stride) (local.get $value)))
        (if (local.get $painting) (then
          (local.set $share (f32x4.extract_lane 2 (local.get $value)))
          (if (f32.gt (local.get $share) (global.get $least_paint)) (then
            (local.set $painted (f32x4.pmin (v128.const f32x4 255 255 255 255)
              (f32x4.pmax (v128.const f32x4 0 0 0 0) (call $weighted (local.get $column) (local.get $paint_row)))))
            (local.set $colour (call $mix (local.get $colour) (local.get $painted) (f32x4.splat (local.get $share))))))))
        (call $put (local.get $out) (local.get $colour))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (local.set $column (i32.add (local.get $column) (i32.const 40)))
        (local.set $position (f32x4.add (local.get $position) (v128.const f32x4 1 0 0 0)))
        (br_if $pixel (i32.lt_s (local.tee $x (i32.add (local.get $x) (i32.const 1))) (local.get $x1))))
      (local.set $rows (i32.add (local.get $rows) (i32.const 40)))
      (local.set $y0 (i32.add (local.get $y0) (i32.const 1)))
      (br $row))))

  ;; How much a crop of `size` shows at (u, v) in it: from 0 at its edges to 1 where `fade` times the way from the nearest is 1.
  (func $shown (param $place v128) (param $size v128) (param $fade v128) (result f32)
    (local $way v128)
    (local.set $way (call $within (f32x4.mul (local.get $fade)
      (f32x4.pmin (local.get $place) (f32x4.sub (local.get $size) (local.get $place)))) (v128.const f32x4 1 1 1 1)))
    (local.set $way (f32x4.mul (f32x4.mul (local.get $way) (local.get $way))
      (f32x4.sub (v128.const f32x4 3 3 3 3) (f32x4.add (local.get $way) (local.get $way)))))
    (f32.mul (f32x4.extract_lane 0 (local.get $way)) (f32x4.extract_lane 1 (local.get $way))))

  ;; Pastes a crop over the frame's pixels from (x0, y0) to before (x1, y1). `cells` are its rows, and one row more, of twice four
  ;; float32: (x and y in the photo, share of the photo, 0) and (red, green, blue, 255). At `map` lie (u, v, 0, 0) in the crop of
  ;; the middle of the pixel (x0, y0), then, each as a difference: to the next pixel, to the next row of pixels, from a pixel's middle
  ;; to the first of the `samples` x `samples` that it is the mean of, to the next sample, to the next row of samples; then `fade`,
  ;; and in its third number how much of the crop shows.
  (func (export "paste")
    (param $photo i32) (param $frame i32) (param $width i32) (param $height i32)
    (param $cells i32) (param $crop_width i32) (param $crop_height i32) (param $map i32) (param $samples i32)
    (param $x0 i32) (param $y0 i32) (param $x1 i32) (param $y1 i32)
    (local $stride i32) (local $row_bytes i32) (local $x i32) (local $out i32) (local $cell i32) (local $i i32) (local $j i32)
    (local $limit v128) (local $cell_limit v128) (local $size v128) (local $mean v128) (local $shown f32)
    (local $row v128) (local $place v128) (local $line v128) (local $sample v128) (local $index v128) (local $across v128)
    (local $down v128) (local $above v128) (local $paint_above v128) (local $motion v128) (local $paint v128)
    (local.set $stride (i32.shl (i32.add (local.get $width) (i32.const 3)) (i32.const 2)))
    (local.set $row_bytes (i32.shl (local.get $crop_width) (i32.const 5)))
    (local.set $limit (call $limit_of (local.get $width) (local.get $height)))
    (local.set $cell_limit (call $limit_of (local.get $crop_width) (local.get $crop_height)))
    (local.set $size (f32x4.add (local.get $cell_limit) (v128.const f32x4 1 1 0 0)))
    (local.set $mean (f32x4.splat (f32.div (f32.const 1) (f32.convert_i32_s (i32.mul (local.get $samples) (local.get $samples))))))
    (local.set $row (v128.load (local.get $map)))
    (block $done (loop $rows
      (br_if $done (i32.ge_s (local.get $y0) (local.get $y1)))
      (local.set $place (local.get $row))
      (local.set $x (local.get $x0))
      (local.set $out (i32.add (local.get $frame) (i32.shl (i32.add (i32.mul (local.get $y0) (local.get $width)) (local.get $x)) (i32.const 2))))
      (loop $pixel
        (local.set $shown (f32.mul (call $shown (local.get $place) (local.get $size) (v128.load offset=96 (local.get $map)))
          (f32.load offset=104 (local.get $map))))
        (if (f32.gt (local.get $shown) (f32.const 0)) (then
          (local.set $motion (v128.const f32x4 0 0 0 0))
          (local.set $paint (v128.const f32x4 0 0 0 0))
          (local.set $line (f32x4.add (local.get $place) (v128.load offset=48 (local.get $map))))
          (local.set $j (local.get $samples))
          (loop $lines
            (local.set $sample (local.get $line))
            (local.set $i (local.get $samples))
            (loop $along
              ;; Between the middles of four cells.
              (local.set $across (call $within (f32x4.sub (local.get $sample) (v128.const f32x4 0.5 0.5 0.5 0.5)) (local.get $cell_limit)))
              (local.set $index (i32x4.trunc_sat_f32x4_s (local.get $across)))
              (local.set $across (f32x4.sub (local.get $across) (f32x4.convert_i32x4_s (local.get $index))))
              (local.set $down (i8x16.shuffle 4 5 6 7 4 5 6 7 4 5 6 7 4 5 6 7 (local.get $across) (local.get $across)))
              (local.set $across (i8x16.shuffle 0 1 2 3 0 1 2 3 0 1 2 3 0 1 2 3 (local.get $across) (local.get $across)))
              (local.set $cell (i32.add (local.get $cells) (i32.add
                (i32.mul (i32x4.extract_lane 1 (local.get $index)) (local.get $row_bytes))
                (i32.shl (i32x4.extract_lane 0 (local.get $index)) (i32.const 5)))))
              (local.set $above (call $mix (v128.load (local.get $cell)) (v128.load offset=32 (local.get $cell)) (local.get $across)))
              (local.set $paint_above (call $mix (v128.load offset=16 (local.get $cell)) (v128.load offset=48 (local.get $cell)) (local.get $across)))
              (local.set $cell (i32.add (local.get $cell) (local.get $row_bytes)))
              (local.set $motion (f32x4.add (local.get $motion) (call $mix (local.get $above)
                (call $mix (v128.load (local.get $cell)) (v128.load offset=32 (local.get $cell)) (local.get $across)) (local.get $down))))
              (local.set $paint (f32x4.add (local.get $paint) (call $mix (local.get $paint_above)
                (call $mix (v128.load offset=16 (local.get $cell)) (v128.load offset=48 (local.get $cell)) (local.get $across)) (local.get $down))))
              (local.set $sample (f32x4.add (local.get $sample) (v128.load offset=64 (local.get $map))))
              (br_if $along (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
            (local.set $line (f32x4.add (local.get $line) (v128.load offset=80 (local.get $map))))
            (br_if $lines (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
          (local.set $motion (call $within (f32x4.mul (local.get $motion) (local.get $mean)) (local.get $limit)))
          (local.set $paint (call $mix (f32x4.mul (local.get $paint) (local.get $mean))
            (call $read (local.get $photo) (local.get $stride) (local.get $motion)) (f32x4.splat (f32x4.extract_lane 2 (local.get $motion)))))
          (call $put (local.get $out) (call $mix
            (f32x4.convert_i32x4_u (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $out)))))
            (local.get $paint) (f32x4.splat (local.get $shown))))))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (local.set $place (f32x4.add (local.get $place) (v128.load offset=16 (local.get $map))))
        (br_if $pixel (i32.lt_s (local.tee $x (i32.add (local.get $x) (i32.const 1))) (local.get $x1))))
      (local.set $row (f32x4.add (local.get $row) (v128.load offset=32 (local.get $map))))
      (local.set $y0 (i32.add (local.get $y0) (i32.const 1)))
      (br $rows)))))
