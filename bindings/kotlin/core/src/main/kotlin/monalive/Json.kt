package monalive

/**
 * A strict reader of JSON (RFC 8259) for manifests, so that the core needs no library: neither Kotlin nor the JVM has one.
 *
 * Objects become `Map<String, Any?>`, arrays `List<Any?>`, numbers `Double`; nothing deeper than [MAX_DEPTH] is read.
 */
internal class Json private constructor(private val text: String) {
    private var at = 0

    companion object {
        private const val MAX_DEPTH = 64

        /** @throws IllegalArgumentException it is not JSON; the message says where. */
        fun parse(text: String): Any? {
            val json = Json(text)
            val value = json.value(0)
            json.blank()
            if (json.at != text.length) json.wrong()
            return value
        }
    }

    private fun value(depth: Int): Any? {
        if (depth > MAX_DEPTH) throw IllegalArgumentException("the JSON is nested too deeply")
        blank()
        return when (peek()) {
            '{' -> items('}') { name() to value(depth + 1) }.toMap()
            '[' -> items(']') { value(depth + 1) }
            '"' -> string()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> number()
        }
    }

    private fun <T> items(end: Char, item: () -> T): List<T> {
        at++
        val all = mutableListOf<T>()
        blank()
        if (peek() == end) { at++; return all }
        while (true) {
            all.add(item())
            blank()
            when (next()) {
                ',' -> continue
                end -> return all
                else -> wrong()
            }
        }
    }

    private fun name(): String {
        blank()
        if (peek() != '"') wrong()
        val name = string()
        blank()
        if (next() != ':') wrong()
        return name
    }

    private fun string(): String {
        at++
        val result = StringBuilder()
        while (true) {
            when (val c = next()) {
                '"' -> return result.toString()
                '\\' -> result.append(escaped())
                else -> if (c < ' ') wrong() else result.append(c)
            }
        }
    }

    private fun escaped(): Char = when (val c = next()) {
        '"', '\\', '/' -> c
        'b' -> '\b'
        'f' -> '\u000c'
        'n' -> '\n'
        'r' -> '\r'
        't' -> '\t'
        'u' -> {
            if (at + 4 > text.length) wrong()
            at += 4
            (text.substring(at - 4, at).toIntOrNull(16) ?: wrong()).toChar()
        }
        else -> wrong()
    }

    private fun <T> word(word: String, value: T): T {
        if (!text.startsWith(word, at)) wrong()
        at += word.length
        return value
    }

    private fun number(): Double {
        val match = NUMBER.matchAt(text, at) ?: wrong()
        at = match.range.last + 1
        return match.value.toDouble()
    }

    private fun blank() {
        while (at < text.length && text[at] in " \t\r\n") at++
    }

    private fun peek(): Char = if (at < text.length) text[at] else wrong()

    private fun next(): Char = peek().also { at++ }

    private fun wrong(): Nothing = throw IllegalArgumentException("the JSON is wrong at character $at")
}

private val NUMBER = Regex("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")
