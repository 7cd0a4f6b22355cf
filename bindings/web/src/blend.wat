;; The pixel loop of pasting back: run for every pixel of the crop in every frame, four channels at a time.
;;
;; Motion and paint are rows of cells of four float32: (shift x, shift y, share of paint, 0) and (red, green, blue, 255).
;; An entry says how one row or column of pixels is made of cells: 40 bytes,
;;   i32 first of two cells, f32 share of the second, i32 x 4 cells, f32 x 4 their weights; cells as byte offsets.
(module
  (memory (export "memory") 1)
  ;; Less paint than this changes no pixel by half a level.
  (global $least_paint f32 (f32.const 0.00196))

  ;; One row of pixels of the motion, still as narrow as the motion; the largest share of paint in it.
  (func $mix_motion (param $entry i32) (param $motion i32) (param $row_bytes i32) (param $out i32) (result f32)
    (local $above i32) (local $end i32) (local $share v128) (local $value v128) (local $most v128)
    (local.set $above (i32.add (local.get $motion) (i32.load (local.get $entry))))
    (local.set $end (i32.add (local.get $above) (local.get $row_bytes)))
    (local.set $share (v128.load32_splat offset=4 (local.get $entry)))
    (loop $cell
      (local.set $value (v128.load (local.get $above)))
      (local.set $value (f32x4.add (local.get $value) (f32x4.mul (local.get $share)
        (f32x4.sub (v128.load (i32.add (local.get $above) (local.get $row_bytes))) (local.get $value)))))
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

  ;; Draws the pixels from (x0, y0) to before (x1, y1) of the photo. The photo has one more column and row than the frame.
  (func (export "draw")
    (param $photo i32) (param $frame i32) (param $width i32) (param $height i32)
    (param $motion i32) (param $paint i32) (param $row_bytes i32) (param $motion_row i32) (param $paint_row i32)
    (param $columns i32) (param $rows i32) (param $x0 i32) (param $y0 i32) (param $x1 i32) (param $y1 i32)
    (local $stride i32) (local $x i32) (local $column i32) (local $out i32) (local $painting i32) (local $share f32)
    (local $cell i32) (local $place i32) (local $value v128) (local $where v128) (local $position v128) (local $limit v128)
    (local $rest v128) (local $colour v128) (local $painted v128)
    (local.set $stride (i32.shl (i32.add (local.get $width) (i32.const 1)) (i32.const 2)))
    (local.set $limit (f32x4.replace_lane 1 (f32x4.replace_lane 0 (v128.const f32x4 0 0 1 0)
      (f32.convert_i32_s (i32.sub (local.get $width) (i32.const 1)))) (f32.convert_i32_s (i32.sub (local.get $height) (i32.const 1)))))
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
        (local.set $value (f32x4.add (local.get $value) (f32x4.mul (v128.load32_splat offset=4 (local.get $column))
          (f32x4.sub (v128.load offset=16 (local.get $cell)) (local.get $value)))))
        (local.set $value (f32x4.pmin (local.get $limit)
          (f32x4.pmax (v128.const f32x4 0 0 0 0) (f32x4.add (local.get $value) (local.get $position)))))
        ;; In 128ths of a pixel: adding 2^23 leaves the rounded number in the lowest bits.
        (local.set $where (v128.and (v128.const i32x4 0x7fffff 0x7fffff 0x7fffff 0x7fffff)
          (f32x4.add (v128.const f32x4 0x1p23 0x1p23 0x1p23 0x1p23) (f32x4.mul (v128.const f32x4 128 128 128 128) (local.get $value)))))
        (local.set $place (i32.add (local.get $photo) (i32.add
          (i32.mul (i32.shr_u (i32x4.extract_lane 1 (local.get $where)) (i32.const 7)) (local.get $stride))
          (i32.shl (i32.shr_u (i32x4.extract_lane 0 (local.get $where)) (i32.const 7)) (i32.const 2)))))
        (local.set $where (v128.and (local.get $where) (v128.const i32x4 127 127 127 127)))
        (local.set $rest (i32x4.sub (v128.const i32x4 128 128 128 128) (local.get $where)))
        ;; Two pixels, then the two below them: mixed down, then across.
        (local.set $colour (i16x8.add
          (i16x8.mul (v128.load8x8_u (local.get $place))
            (i8x16.shuffle 4 5 4 5 4 5 4 5 4 5 4 5 4 5 4 5 (local.get $rest) (local.get $rest)))
          (i16x8.mul (v128.load8x8_u (i32.add (local.get $place) (local.get $stride)))
            (i8x16.shuffle 4 5 4 5 4 5 4 5 4 5 4 5 4 5 4 5 (local.get $where) (local.get $where)))))
        (local.set $colour (f32x4.mul (v128.const f32x4 0x1p-14 0x1p-14 0x1p-14 0x1p-14) (f32x4.convert_i32x4_s (i32x4.add
          (i32x4.extmul_low_i16x8_s (local.get $colour)
            (i8x16.shuffle 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 (local.get $rest) (local.get $rest)))
          (i32x4.extmul_high_i16x8_s (local.get $colour)
            (i8x16.shuffle 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 (local.get $where) (local.get $where)))))))
        (if (local.get $painting) (then
          (local.set $share (f32x4.extract_lane 2 (local.get $value)))
          (if (f32.gt (local.get $share) (global.get $least_paint)) (then
            (local.set $painted (f32x4.pmin (v128.const f32x4 255 255 255 255)
              (f32x4.pmax (v128.const f32x4 0 0 0 0) (call $weighted (local.get $column) (local.get $paint_row)))))
            (local.set $colour (f32x4.add (local.get $colour) (f32x4.mul (f32x4.splat (local.get $share))
              (f32x4.sub (local.get $painted) (local.get $colour)))))))))
        (local.set $colour (v128.and (v128.const i32x4 255 255 255 255)
          (f32x4.add (v128.const f32x4 0x1p23 0x1p23 0x1p23 0x1p23) (local.get $colour))))
        (local.set $colour (i16x8.narrow_i32x4_s (local.get $colour) (local.get $colour)))
        (v128.store32_lane 0 (local.get $out) (i8x16.narrow_i16x8_u (local.get $colour) (local.get $colour)))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (local.set $column (i32.add (local.get $column) (i32.const 40)))
        (local.set $position (f32x4.add (local.get $position) (v128.const f32x4 1 0 0 0)))
        (br_if $pixel (i32.lt_s (local.tee $x (i32.add (local.get $x) (i32.const 1))) (local.get $x1))))
      (local.set $rows (i32.add (local.get $rows) (i32.const 40)))
      (local.set $y0 (i32.add (local.get $y0) (i32.const 1)))
      (br $row)))))
