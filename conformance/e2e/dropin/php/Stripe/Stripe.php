<?php

namespace Stripe;

// Stands in for the class of stripe-php that names a bundle of certificates, which
// comes with it.
final class Stripe {
    private static ?string $bundle = null;

    public static function setCABundlePath(string $path): void {
        self::$bundle = $path;
    }

    public static function getCABundlePath(): string {
        return self::$bundle ?? '/etc/ssl/certs/ca-certificates.crt';
    }
}
