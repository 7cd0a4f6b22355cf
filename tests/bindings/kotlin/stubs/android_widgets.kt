package android.widget

import android.content.Context
import android.graphics.Bitmap
import android.view.View

open class TextView(context: Context) : View(context) { var text: CharSequence? = null }

open class Button(context: Context) : TextView(context)

class CheckBox(context: Context) : Button(context) {
    fun interface OnCheckedChangeListener { fun onCheckedChanged(button: CheckBox, checked: Boolean) }

    var isChecked = false
    fun setOnCheckedChangeListener(listener: OnCheckedChangeListener?): Unit = TODO()
}

class ImageView(context: Context) : View(context) {
    var adjustViewBounds = false
    fun setImageBitmap(bitmap: Bitmap?): Unit = TODO()
}

class ScrollView(context: Context) : View(context) { fun addView(view: View): Unit = TODO() }

class LinearLayout(context: Context) : View(context) {
    var orientation = 0
    fun addView(view: View): Unit = TODO()

    companion object { const val VERTICAL = 1 }
}
