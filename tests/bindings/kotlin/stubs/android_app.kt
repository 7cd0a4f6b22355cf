package android.app

import android.content.Context
import android.content.DialogClick
import android.content.Intent
import android.os.Bundle
import android.view.View

open class Activity : Context() {
    protected open fun onCreate(savedInstanceState: Bundle?): Unit = TODO()
    protected open fun onDestroy(): Unit = TODO()
    fun setContentView(view: View): Unit = TODO()
    fun startActivity(intent: Intent): Unit = TODO()
}

class AlertDialog {
    class Builder(context: Context) {
        fun setTitle(title: CharSequence): Builder = TODO()
        fun setItems(items: Array<String>, listener: DialogClick?): Builder = TODO()
        fun setNegativeButton(text: Int, listener: DialogClick?): Builder = TODO()
        fun show(): AlertDialog = TODO()
    }
}
