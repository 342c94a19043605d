#include "solver/base/result.hpp"

namespace aimlock {

std::string_view error_code_name(ErrorCode code) {
    switch (code) {
        case ErrorCode::usage:
            return "usage";
        case ErrorCode::syntax:
            return "syntax";
        case ErrorCode::manifest:
            return "manifest";
        case ErrorCode::lock:
            return "lock";
        case ErrorCode::target:
            return "target";
        case ErrorCode::network:
            return "network";
        case ErrorCode::not_found:
            return "not-found";
        case ErrorCode::offline_miss:
            return "offline-miss";
        case ErrorCode::integrity:
            return "integrity";
        case ErrorCode::repodata:
            return "repodata";
        case ErrorCode::index:
            return "index";
        case ErrorCode::archive:
            return "archive";
        case ErrorCode::io:
            return "io";
        case ErrorCode::refused:
            return "refused";
        case ErrorCode::internal:
            return "internal";
    }
    return "internal";
}

}  // namespace aimlock
