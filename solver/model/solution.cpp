#include "solver/model/solution.hpp"

namespace aimlock {

std::string Conflict::explanation() const {
    std::string text;
    for (const std::string& sentence : chain) text.append(text.empty() ? "" : "\n").append(sentence);
    return text;
}

}  // namespace aimlock
