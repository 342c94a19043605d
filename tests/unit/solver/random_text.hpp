#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace aimlock::testing {

/// Makes texts out of pieces, the same ones in every run: tests of laws need many values, not new ones.
class RandomText {
public:
    explicit RandomText(unsigned seed) : engine_(seed) {}

    unsigned below(unsigned limit) { return static_cast<unsigned>(engine_() % limit); }

    /// One to `most` of `pieces` in a row.
    std::string of(const std::vector<std::string_view>& pieces, unsigned most) {
        std::string text;
        for (unsigned left = 1 + below(most); left != 0; --left) {
            text += pieces[below(static_cast<unsigned>(pieces.size()))];
        }
        return text;
    }

private:
    std::mt19937 engine_;  // not a distribution: those differ between libraries
};

/// Calls `law(a, b, c)` for random triples of `values`.
template <class Value, class Law>
void for_triples(const std::vector<Value>& values, unsigned triples, Law law) {
    RandomText random(7);
    const auto any = [&]() -> const Value& {
        return values[random.below(static_cast<unsigned>(values.size()))];
    };
    for (unsigned i = 0; i < triples; ++i) law(any(), any(), any());
}

}  // namespace aimlock::testing
